// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: leaves a timer armed when it is unloaded. The timer is in
 * memory that stays, and would fire in an hour, when its function is long
 * gone. So nothing happens during the test: the pending timer is the only
 * visible effect.
 */
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/version.h>

static struct hrtimer *timer;

static enum hrtimer_restart leaked_timer_fires(struct hrtimer *unused)
{
	return HRTIMER_NORESTART;
}

static int __init leaked_timer_init(void)
{
	timer = kzalloc(sizeof(*timer), GFP_KERNEL);
	if (!timer)
		return -ENOMEM;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, leaked_timer_fires, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer->function = leaked_timer_fires;
#endif
	hrtimer_start(timer, ktime_set(3600, 0), HRTIMER_MODE_REL);
	return 0;
}

static void __exit leaked_timer_exit(void)
{
}

module_init(leaked_timer_init);
module_exit(leaked_timer_exit);

MODULE_DESCRIPTION("Faulty on purpose: leaves a timer armed");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
