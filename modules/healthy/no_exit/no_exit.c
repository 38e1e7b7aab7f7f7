// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: has no exit function, so the kernel keeps it ("permanent"), and
 * with it what it made.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static int no_exit_show(struct seq_file *m, void *unused)
{
	seq_puts(m, "here for good\n");
	return 0;
}

static int __init no_exit_init(void)
{
	return proc_create_single("no_exit", 0444, NULL, no_exit_show) ? 0 : -ENOMEM;
}

module_init(no_exit_init);

MODULE_DESCRIPTION("Healthy: cannot be unloaded");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
