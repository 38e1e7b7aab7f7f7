// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: creates an entry in /proc, then fails, and does not
 * remove the entry. The load is refused, as the plan expects, but the entry
 * stays.
 */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static int __init init_fails_half_way_init(void)
{
	if (!proc_mkdir("half_way", NULL))
		return -ENOMEM;
	pr_err("init_fails_half_way: there is no such device\n");
	return -ENODEV;
}

static void __exit init_fails_half_way_exit(void)
{
}

module_init(init_fails_half_way_init);
module_exit(init_fails_half_way_exit);

MODULE_DESCRIPTION("Faulty on purpose: its init function fails half way");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
