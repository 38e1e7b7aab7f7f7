// SPDX-License-Identifier: GPL-2.0-or-later
/* Healthy: has the function that missing_symbol needs. Only a plan of tests/e2e loads it. */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>

int kmodtest_missing_answer(void);

int kmodtest_missing_answer(void)
{
	return 42;
}
EXPORT_SYMBOL_GPL(kmodtest_missing_answer);

static int __init missing_symbol_owner_init(void)
{
	return 0;
}

static void __exit missing_symbol_owner_exit(void)
{
}

module_init(missing_symbol_owner_init);
module_exit(missing_symbol_owner_exit);

MODULE_DESCRIPTION("Has the function that another module misses");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
