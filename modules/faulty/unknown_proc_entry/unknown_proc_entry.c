// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: removes an entry of /proc that it never made.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static int __init unknown_proc_entry_init(void)
{
	return 0;
}

static void __exit unknown_proc_entry_exit(void)
{
	remove_proc_entry("never_made", NULL);
}

module_init(unknown_proc_entry_init);
module_exit(unknown_proc_entry_exit);

MODULE_DESCRIPTION("Faulty on purpose: removes what is not there");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
