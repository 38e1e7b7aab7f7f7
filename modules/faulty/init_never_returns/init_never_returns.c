// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: loading it never ends. */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/module.h>

static int __init init_never_returns_init(void)
{
	pr_info("init_never_returns: waiting\n");
	for (;;)
		msleep(1000);
	return 0;
}

static void __exit init_never_returns_exit(void)
{
}

module_init(init_never_returns_init);
module_exit(init_never_returns_exit);

MODULE_DESCRIPTION("Faulty on purpose: loading it never ends");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
