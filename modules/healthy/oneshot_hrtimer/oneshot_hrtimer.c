// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: hrtimers that fire once, and are not armed when the module is
 * unloaded. One fires alone, one starts itself again for three times, and one
 * is cancelled before it fires.
 */
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/version.h>

static struct hrtimer once, thrice, never;
static int rounds;

static enum hrtimer_restart once_fires(struct hrtimer *unused)
{
	pr_info("fired once\n");
	return HRTIMER_NORESTART;
}

static enum hrtimer_restart thrice_fires(struct hrtimer *timer)
{
	pr_info("fired: %d\n", ++rounds);
	if (rounds == 3)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ms_to_ktime(20));
	return HRTIMER_RESTART;
}

static void arm(struct hrtimer *timer,
		enum hrtimer_restart (*fires)(struct hrtimer *), u64 ms)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, fires, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer->function = fires;
#endif
	hrtimer_start(timer, ms_to_ktime(ms), HRTIMER_MODE_REL);
}

static int __init oneshot_hrtimer_init(void)
{
	arm(&once, once_fires, 50);
	arm(&thrice, thrice_fires, 20);
	arm(&never, once_fires, 3600 * 1000);
	return 0;
}

static void __exit oneshot_hrtimer_exit(void)
{
	hrtimer_cancel(&once);
	hrtimer_cancel(&thrice);
	hrtimer_cancel(&never);
}

module_init(oneshot_hrtimer_init);
module_exit(oneshot_hrtimer_exit);

MODULE_DESCRIPTION("Healthy: hrtimers that fire once");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
