// SPDX-License-Identifier: GPL-2.0
/* Broken on purpose: a write to /proc/buggy goes through a NULL pointer, and the exit leaves the entry behind. */
#include <linux/module.h>
#include <linux/proc_fs.h>

static int *counter;

static ssize_t buggy_write(struct file *file, const char __user *from,
			   size_t size, loff_t *offset)
{
	*counter += 1;
	return size;
}

static const struct proc_ops buggy_ops = {
	.proc_write = buggy_write,
};

static int __init buggy_init(void)
{
	return proc_create("buggy", 0600, NULL, &buggy_ops) ? 0 : -ENOMEM;
}

static void __exit buggy_exit(void)
{
}

module_init(buggy_init);
module_exit(buggy_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Broken on purpose");
