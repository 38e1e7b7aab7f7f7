// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: calls a function that does not exist in the guest, unless
 * missing_symbol_owner is loaded first.
 */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>

int kmodtest_missing_answer(void);

static int __init missing_symbol_init(void)
{
	return kmodtest_missing_answer() == 42 ? 0 : -EIO;
}

static void __exit missing_symbol_exit(void)
{
}

module_init(missing_symbol_init);
module_exit(missing_symbol_exit);

MODULE_DESCRIPTION("Faulty on purpose: calls a function that is not there");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
