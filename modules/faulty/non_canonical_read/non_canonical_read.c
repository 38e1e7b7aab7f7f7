// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: reads through a pointer that is not a valid x86-64
 * address, like a poisoned or overwritten one. A general protection fault.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/types.h>

static unsigned long wild = 0x1122334455667788UL;

static int __init non_canonical_read_init(void)
{
	return *(volatile u8 *)READ_ONCE(wild) == 1 ? -EIO : 0;
}

static void __exit non_canonical_read_exit(void)
{
}

module_init(non_canonical_read_init);
module_exit(non_canonical_read_exit);

MODULE_DESCRIPTION("Faulty on purpose: reads through a non-canonical pointer");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
