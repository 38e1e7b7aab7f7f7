// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: works once: what it leaves in /proc keeps it from
 * being loaded again.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static int __init second_load_fails_init(void)
{
	return proc_mkdir("second_load_fails", NULL) ? 0 : -EEXIST;
}

static void __exit second_load_fails_exit(void)
{
}

module_init(second_load_fails_init);
module_exit(second_load_fails_exit);

MODULE_DESCRIPTION("Faulty on purpose: cannot be loaded twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
