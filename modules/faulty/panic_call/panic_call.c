// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: panics while it is loaded. */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>

/* panic() moved out of kernel.h in 5.14. */
#if __has_include(<linux/panic.h>)
#include <linux/panic.h>
#endif

static int __init panic_call_init(void)
{
	panic("panic_call: as it was asked to");
	return 0;
}

static void __exit panic_call_exit(void)
{
}

module_init(panic_call_init);
module_exit(panic_call_exit);

MODULE_DESCRIPTION("Faulty on purpose: panics");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
