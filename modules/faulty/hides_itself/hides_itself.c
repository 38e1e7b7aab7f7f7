// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: leaves the kernel's list of modules, so nothing can unload it. */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/module.h>

static int __init hides_itself_init(void)
{
	list_del_init(&THIS_MODULE->list);
	return 0;
}

static void __exit hides_itself_exit(void)
{
}

module_init(hides_itself_init);
module_exit(hides_itself_exit);

MODULE_DESCRIPTION("Faulty on purpose: hides itself");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
