// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls a function that only the module exports_symbol has. */
#include <linux/init.h>
#include <linux/module.h>

int kmodtest_exported_answer(void);

static int __init needs_symbol_init(void)
{
	pr_info("needs_symbol: the answer is %d\n", kmodtest_exported_answer());
	return 0;
}

static void __exit needs_symbol_exit(void)
{
}

module_init(needs_symbol_init);
module_exit(needs_symbol_exit);

MODULE_DESCRIPTION("Calls a function that another module exports");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
