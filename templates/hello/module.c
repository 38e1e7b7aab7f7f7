// SPDX-License-Identifier: GPL-2.0
/*
 * @name@ - says hello when it is loaded, and goodbye when it is unloaded
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static char *whom = "world";
module_param(whom, charp, 0444);
MODULE_PARM_DESC(whom, "who is greeted (default world)");

static int __init @ident@_module_init(void)
{
	if (!*whom) {
		pr_err("nobody to greet\n");
		return -EINVAL;
	}
	pr_info("hello, %s\n", whom);
	return 0;
}

static void __exit @ident@_module_exit(void)
{
	pr_info("goodbye, %s\n", whom);
}

module_init(@ident@_module_init);
module_exit(@ident@_module_exit);

MODULE_DESCRIPTION("Says hello and goodbye");
MODULE_LICENSE("GPL");
