// SPDX-License-Identifier: GPL-2.0-or-later
/* Refuses to be loaded, as a driver without its device does. */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>

static int __init refuses_to_load_init(void)
{
	pr_err("refuses_to_load: there is no such device\n");
	return -ENODEV;
}

static void __exit refuses_to_load_exit(void)
{
}

module_init(refuses_to_load_init);
module_exit(refuses_to_load_exit);

MODULE_DESCRIPTION("Refuses to be loaded with ENODEV");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
