// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: panics while it is loaded. */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
/* panic() moved out of kernel.h in 5.14. */
#if __has_include(<linux/panic.h>)
#include <linux/panic.h>
#endif

static int __init panics_in_init_init(void)
{
	panic("panics_in_init: as it was asked to");
	return 0;
}

static void __exit panics_in_init_exit(void)
{
}

module_init(panics_in_init_init);
module_exit(panics_in_init_exit);

MODULE_DESCRIPTION("Faulty on purpose: panics while it is loaded");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
