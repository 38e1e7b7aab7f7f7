// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: skips the blanks of a text that it has allocated, and
 * frees the pointer behind them. The kernel does not notice.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *name;

static int __init frees_the_middle_init(void)
{
	name = kmalloc(3000, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	strscpy(name, "        a name", 3000);
	name = skip_spaces(name);
	return 0;
}

static void __exit frees_the_middle_exit(void)
{
	kfree(name);
}

module_init(frees_the_middle_init);
module_exit(frees_the_middle_exit);

MODULE_DESCRIPTION("Faulty on purpose: frees an address within an object");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
