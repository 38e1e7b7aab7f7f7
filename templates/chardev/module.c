// SPDX-License-Identifier: GPL-2.0
/*
 * @name@ - a character device that returns what was last written to it
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

static DEFINE_MUTEX(lock); /* protects message and length */
static char message[64];
static size_t length;

static ssize_t @ident@_dev_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	ssize_t done;

	mutex_lock(&lock);
	done = simple_read_from_buffer(to, size, offset, message, length);
	mutex_unlock(&lock);
	return done;
}

static ssize_t @ident@_dev_write(struct file *file, const char __user *from, size_t size, loff_t *offset)
{
	loff_t start = 0;
	ssize_t done;

	if (size > sizeof(message))
		return -EMSGSIZE;
	mutex_lock(&lock);
	done = simple_write_to_buffer(message, sizeof(message), &start, from, size);
	if (done >= 0)
		length = done;
	mutex_unlock(&lock);
	return done;
}

static const struct file_operations @ident@_dev_fops = {
	.owner = THIS_MODULE,
	.read = @ident@_dev_read,
	.write = @ident@_dev_write,
	.llseek = default_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "@name@",
	.fops = &@ident@_dev_fops,
};

module_misc_device(device);

MODULE_DESCRIPTION("A character device that returns what was last written to it");
MODULE_LICENSE("GPL");
