// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: registers the same name in /proc twice. */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static int __init duplicate_proc_entry_init(void)
{
	if (!proc_mkdir("twice", NULL))
		return -ENOMEM;
	proc_mkdir("twice", NULL);
	return 0;
}

static void __exit duplicate_proc_entry_exit(void)
{
	remove_proc_entry("twice", NULL);
}

module_init(duplicate_proc_entry_init);
module_exit(duplicate_proc_entry_exit);

MODULE_DESCRIPTION("Faulty on purpose: registers an entry in /proc twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
