// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: arms a timer and an hrtimer again and again, and stops both.
 */
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/timer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync del_timer_sync
#endif

static struct hrtimer fast;
static int ticks;

static void slow_fires(struct timer_list *timer)
{
	mod_timer(timer, jiffies + 1);
}

static DEFINE_TIMER(slow, slow_fires);

static enum hrtimer_restart fast_fires(struct hrtimer *timer)
{
	ticks++;
	hrtimer_forward_now(timer, ns_to_ktime(200 * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static int __init busy_timers_init(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(&fast, fast_fires, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#else
	hrtimer_init(&fast, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	fast.function = fast_fires;
#endif
	hrtimer_start(&fast, ns_to_ktime(200 * NSEC_PER_USEC), HRTIMER_MODE_REL);
	mod_timer(&slow, jiffies + 1);
	return 0;
}

static void __exit busy_timers_exit(void)
{
	hrtimer_cancel(&fast);
	timer_delete_sync(&slow);
}

module_init(busy_timers_init);
module_exit(busy_timers_exit);

MODULE_DESCRIPTION("Healthy: has timers that fire often");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
