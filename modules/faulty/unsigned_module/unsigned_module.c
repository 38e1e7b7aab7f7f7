// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy, but not signed. A kernel that enforces signatures refuses to load
 * it.
 */
#include <linux/init.h>
#include <linux/module.h>

static int __init unsigned_module_init(void)
{
	return 0;
}

static void __exit unsigned_module_exit(void)
{
}

module_init(unsigned_module_init);
module_exit(unsigned_module_exit);

MODULE_DESCRIPTION("Faulty on purpose: nobody has signed it");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
