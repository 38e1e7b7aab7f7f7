// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: writes through a pointer that was never set to a valid
 * address. A page fault there.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/types.h>

/* Canonical, in the kernel's half, and never mapped: below the direct mapping. */
static unsigned long wild = 0xffff800000001000UL;

static int __init wild_write_init(void)
{
	*(volatile u32 *)READ_ONCE(wild) = 0x600dcafe;
	return 0;
}

static void __exit wild_write_exit(void)
{
}

module_init(wild_write_init);
module_exit(wild_write_exit);

MODULE_DESCRIPTION("Faulty on purpose: writes through a wild pointer");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
