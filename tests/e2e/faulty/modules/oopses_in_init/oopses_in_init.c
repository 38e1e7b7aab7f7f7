// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: writes through a null pointer while it is loaded. */
#include <linux/init.h>
#include <linux/module.h>

/* Volatile, or the compiler would see through it. */
static int *volatile nowhere;

static int __init oopses_in_init_init(void)
{
	*nowhere = 1;
	return 0;
}

static void __exit oopses_in_init_exit(void)
{
}

module_init(oopses_in_init_init);
module_exit(oopses_in_init_exit);

MODULE_DESCRIPTION("Faulty on purpose: writes through a null pointer while it is loaded");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
