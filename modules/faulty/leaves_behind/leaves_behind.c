// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: takes one thing of the kernel when it is loaded, named by
 * its parameter, and never gives it back. The thing is named after the unload.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync del_timer_sync
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define timer_destroy_on_stack destroy_timer_on_stack
#endif

#define LATE 3600	/* seconds: long after everything */

static char *what = "nothing";
module_param(what, charp, 0);

static int amount = PAGE_SIZE; /* bytes of an area */
module_param(amount, int, 0);

static int opened(struct inode *inode, struct file *file)
{
	return -ENODEV;
}

static const struct file_operations operations = {
	.open = opened,
};

static void fires(struct timer_list *unused)
{
}

static int arm_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, fires, 0);
	mod_timer(timer, jiffies + LATE * HZ);
	return 0;
}

/* A timer that is stopped, and one that has fired: nothing is left of either. */
static int stop_timers(void)
{
	struct timer_list timer;

	timer_setup_on_stack(&timer, fires, 0);
	mod_timer(&timer, jiffies + LATE * HZ);
	timer_delete_sync(&timer);
	mod_timer(&timer, jiffies + 1);
	schedule_timeout_uninterruptible(5);
	timer_delete_sync(&timer);
	timer_destroy_on_stack(&timer);
	return 0;
}

static int __init leaves_behind_init(void)
{
	if (!strcmp(what, "nothing"))
		return 0;
	if (!strcmp(what, "area"))
		return vmalloc(amount) ? 0 : -ENOMEM;
	if (!strcmp(what, "page"))
		return __get_free_page(GFP_KERNEL) ? 0 : -ENOMEM;
	if (!strcmp(what, "cache"))
		return kmem_cache_create("left_behind", 72, 0, 0, NULL) ? 0 : -ENOMEM;
	if (!strcmp(what, "numbers"))
		return min(register_chrdev(0, "left_behind", &operations), 0);
	if (!strcmp(what, "debugfs"))
		return PTR_ERR_OR_ZERO(debugfs_create_dir("left_behind", NULL));
	if (!strcmp(what, "timer"))
		return arm_timer();
	if (!strcmp(what, "stopped_timers"))
		return stop_timers();
	return -EINVAL;
}

static void __exit leaves_behind_exit(void)
{
}

module_init(leaves_behind_init);
module_exit(leaves_behind_exit);

MODULE_DESCRIPTION("Leaves one thing of a chosen kind behind");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
