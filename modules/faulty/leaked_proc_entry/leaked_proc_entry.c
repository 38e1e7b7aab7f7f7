// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: leaves an entry in /proc behind. It is a folder,
 * which needs no code of ours: a file would call into the freed module.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static int __init leaked_proc_entry_init(void)
{
	return proc_mkdir("left_behind", NULL) ? 0 : -ENOMEM;
}

static void __exit leaked_proc_entry_exit(void)
{
}

module_init(leaked_proc_entry_init);
module_exit(leaked_proc_entry_exit);

MODULE_DESCRIPTION("Faulty on purpose: leaves an entry in /proc");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
