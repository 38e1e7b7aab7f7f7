// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a timer starts itself again each time. The exit function
 * waits until it fires, and deletes it without waiting for its function to
 * return.
 *
 * The timer fires and reports that. Before its function starts the timer
 * again, the exit function deletes the timer, which is not running at that
 * moment. Then the function starts it, and it fires after the module is gone.
 */
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete del_timer
#define timer_delete_sync del_timer_sync
#endif

static DECLARE_COMPLETION(fired);
static struct timer_list timer;
static int samples[8];

static void take_sample(void)
{
	int i;

	for (i = 7; i > 0; i--)
		WRITE_ONCE(samples[i], samples[i - 1]);
}

static void samples_again(struct timer_list *unused)
{
	complete(&fired);
	take_sample();
	mod_timer(&timer, jiffies + 3);
}

static int next_cpu(void)
{
	return (raw_smp_processor_id() + 1) % num_online_cpus();
}

static int __init timer_without_sync_init(void)
{
	timer_setup(&timer, samples_again, TIMER_PINNED);
	timer.expires = jiffies + 3;
	add_timer_on(&timer, next_cpu());
	return 0;
}

static void __exit timer_without_sync_exit(void)
{
	reinit_completion(&fired);
	wait_for_completion(&fired);
#ifdef REPAIRED
	timer_delete_sync(&timer);
#else
	timer_delete(&timer);
#endif
}

module_init(timer_without_sync_init);
module_exit(timer_without_sync_exit);

MODULE_DESCRIPTION("Racy on purpose: a timer can outlive its module");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
