// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: divides by zero. */
#include <linux/init.h>
#include <linux/module.h>

static volatile int dividend = 1;
static volatile int zero;

static int __init divide_by_zero_init(void)
{
	return dividend / zero == 1 ? -EIO : 0;
}

static void __exit divide_by_zero_exit(void)
{
}

module_init(divide_by_zero_init);
module_exit(divide_by_zero_exit);

MODULE_DESCRIPTION("Faulty on purpose: divides by zero");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
