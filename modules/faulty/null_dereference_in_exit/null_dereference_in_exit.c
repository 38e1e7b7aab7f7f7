// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: follows a null pointer when it is unloaded.
 */
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/module.h>

static int *volatile nowhere;

static int __init null_dereference_in_exit_init(void)
{
	return 0;
}

static void __exit null_dereference_in_exit_exit(void)
{
	*nowhere = 1;
}

module_init(null_dereference_in_exit_init);
module_exit(null_dereference_in_exit_exit);

MODULE_DESCRIPTION("Faulty on purpose: null dereference in exit");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
