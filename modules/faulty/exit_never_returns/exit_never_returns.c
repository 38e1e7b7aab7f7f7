// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: unloading it never ends. */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/module.h>

static int __init exit_never_returns_init(void)
{
	return 0;
}

static void __exit exit_never_returns_exit(void)
{
	pr_info("exit_never_returns: waiting\n");
	for (;;)
		msleep(1000);
}

module_init(exit_never_returns_init);
module_exit(exit_never_returns_exit);

MODULE_DESCRIPTION("Faulty on purpose: unloading it never ends");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
