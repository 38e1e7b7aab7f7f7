// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: makes a file of sysfs twice.
 */
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/sysfs.h>

static struct kobject *object;

static ssize_t show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sprintf(buf, "1\n");
}

static struct kobj_attribute file = __ATTR(file, 0444, show, NULL);

static int __init duplicate_sysfs_file_init(void)
{
	object = kobject_create_and_add("duplicate_sysfs_file", kernel_kobj);
	if (!object)
		return -ENOMEM;
	if (sysfs_create_file(object, &file.attr))
		return -ENOMEM;
	if (sysfs_create_file(object, &file.attr))
		pr_info("the second one was refused\n");
	return 0;
}

static void __exit duplicate_sysfs_file_exit(void)
{
	kobject_put(object);
}

module_init(duplicate_sysfs_file_init);
module_exit(duplicate_sysfs_file_exit);

MODULE_DESCRIPTION("Faulty on purpose: makes a file of sysfs twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
