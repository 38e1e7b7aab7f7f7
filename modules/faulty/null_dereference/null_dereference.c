// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: writes through a null pointer while it is loaded. An oops
 * that names the function.
 */
#include <linux/init.h>
#include <linux/module.h>

/* Volatile, so that the compiler does not see that it is null. */
static int *volatile nowhere;

static int __init null_dereference_init(void)
{
	*nowhere = 1;
	return 0;
}

static void __exit null_dereference_exit(void)
{
}

module_init(null_dereference_init);
module_exit(null_dereference_exit);

MODULE_DESCRIPTION("Faulty on purpose: writes through a null pointer");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
