// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: has a device, entries of /proc, sysfs and debugfs, and removes
 * them all.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sysfs.h>

static struct dentry *folder;
static struct kobject *object;
static u32 value = 5;

static ssize_t answer_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	return simple_read_from_buffer(to, size, at, "42\n", 3);
}

static const struct file_operations fops = { .owner = THIS_MODULE, .read = answer_read };
static struct miscdevice device = { .minor = MISC_DYNAMIC_MINOR, .name = "misc_device", .fops = &fops };

static int __init misc_device_init(void)
{
	int error = misc_register(&device);

	if (error)
		return error;
	folder = debugfs_create_dir("misc_device", NULL);
	debugfs_create_u32("value", 0444, folder, &value);
	if (!proc_mkdir("misc_device", NULL))
		goto out;
	object = kobject_create_and_add("misc_device", kernel_kobj);
	if (object)
		return 0;
	remove_proc_entry("misc_device", NULL);
out:
	debugfs_remove_recursive(folder);
	misc_deregister(&device);
	return -ENOMEM;
}

static void __exit misc_device_exit(void)
{
	kobject_put(object);
	remove_proc_entry("misc_device", NULL);
	debugfs_remove_recursive(folder);
	misc_deregister(&device);
}

module_init(misc_device_init);
module_exit(misc_device_exit);

MODULE_DESCRIPTION("Healthy: has entries everywhere and removes them");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
