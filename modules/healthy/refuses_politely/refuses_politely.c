// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: finds no device, undoes what it began, and refuses to load.
 */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync del_timer_sync
#endif

static void nothing(struct timer_list *unused)
{
}

static DEFINE_TIMER(timer, nothing);

static int __init refuses_politely_init(void)
{
	void *buffer = kmalloc(4096, GFP_KERNEL);

	if (!buffer)
		return -ENOMEM;
	if (!proc_mkdir("refuses_politely", NULL)) {
		kfree(buffer);
		return -ENOMEM;
	}
	mod_timer(&timer, jiffies + HZ);
	timer_delete_sync(&timer);
	remove_proc_entry("refuses_politely", NULL);
	kfree(buffer);
	return -ENODEV;
}

static void __exit refuses_politely_exit(void)
{
}

module_init(refuses_politely_init);
module_exit(refuses_politely_exit);

MODULE_DESCRIPTION("Healthy: refuses to load for want of a device");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
