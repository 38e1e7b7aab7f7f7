// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: gives back a reference to itself that it does not
 * have.
 */
#include <linux/init.h>
#include <linux/module.h>

static int __init puts_too_often_init(void)
{
	return 0;
}

static int set(const char *value, const struct kernel_param *unused)
{
	module_put(THIS_MODULE);
	return 0;
}

static const struct kernel_param_ops ops = { .set = set };
module_param_cb(put, &ops, NULL, 0200);
MODULE_PARM_DESC(put, "gives a reference back");

static void __exit puts_too_often_exit(void)
{
}

module_init(puts_too_often_init);
module_exit(puts_too_often_exit);

MODULE_DESCRIPTION("Faulty on purpose: gives back one reference too many");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
