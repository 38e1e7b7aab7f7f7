// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: a read of its entry in /proc copies more to user space
 * than the object contains. The kernel's usercopy check stops it.
 */
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/* Volatile, so that the compiler does not see that they do not fit. */
static volatile size_t object_size = 64;
static volatile size_t copied = 96;

static ssize_t read_too_much(struct file *file, char __user *to, size_t size,
			     loff_t *offset)
{
	char *object = kzalloc(object_size, GFP_KERNEL);
	ssize_t result = copied;

	if (!object)
		return -ENOMEM;
	if (copy_to_user(to, object, copied))
		result = -EFAULT;
	kfree(object);
	return result;
}

static const struct proc_ops operations = {
	.proc_read = read_too_much,
};

static int __init usercopy_overflow_init(void)
{
	return proc_create("too_much", 0444, NULL, &operations) ? 0 : -ENOMEM;
}

static void __exit usercopy_overflow_exit(void)
{
	remove_proc_entry("too_much", NULL);
}

module_init(usercopy_overflow_init);
module_exit(usercopy_overflow_exit);

MODULE_DESCRIPTION("Faulty on purpose: copies too much to user space");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
