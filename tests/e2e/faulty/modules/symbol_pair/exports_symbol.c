// SPDX-License-Identifier: GPL-2.0-or-later
/* Healthy: has a function that needs_symbol calls. */
#include <linux/init.h>
#include <linux/module.h>

int kmodtest_exported_answer(void);

int kmodtest_exported_answer(void)
{
	return 42;
}
EXPORT_SYMBOL_GPL(kmodtest_exported_answer);

static int __init exports_symbol_init(void)
{
	return 0;
}

static void __exit exports_symbol_exit(void)
{
}

module_init(exports_symbol_init);
module_exit(exports_symbol_exit);

MODULE_DESCRIPTION("Exports a function to another module");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
