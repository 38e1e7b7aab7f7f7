// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: follows a null pointer when its file is read.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static int *volatile nowhere;

static int show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%d\n", *nowhere);
	return 0;
}

static int __init null_dereference_in_show_init(void)
{
	return proc_create_single("null_in_show", 0444, NULL, show) ? 0 : -ENOMEM;
}

static void __exit null_dereference_in_show_exit(void)
{
	remove_proc_entry("null_in_show", NULL);
}

module_init(null_dereference_in_show_init);
module_exit(null_dereference_in_show_exit);

MODULE_DESCRIPTION("Faulty on purpose: null dereference in a reader");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
