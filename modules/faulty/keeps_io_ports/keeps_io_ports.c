// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: reserves I/O ports and does not release them, so that it
 * cannot be loaded again.
 */
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/module.h>

static int __init keeps_io_ports_init(void)
{
	return request_region(0x300, 8, "keeps_io_ports") ? 0 : -EBUSY;
}

static void __exit keeps_io_ports_exit(void)
{
}

module_init(keeps_io_ports_init);
module_exit(keeps_io_ports_exit);

MODULE_DESCRIPTION("Faulty on purpose: keeps I/O ports");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
