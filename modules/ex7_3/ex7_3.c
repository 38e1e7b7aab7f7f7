// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ex7_3 - two kernel threads share one mutex; thread N holds it N seconds
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>

static struct task_struct *threads[2];
static struct mutex mut;
/* The number of threads between lock and unlock: proves the exclusion. */
static atomic_t inside = ATOMIC_INIT(0);

/* Sleeps. A stop ends the sleep early, so that rmmod is quick. */
static void stay_inside(unsigned int seconds)
{
	long left = seconds * HZ;

	set_current_state(TASK_INTERRUPTIBLE);
	while (left && !kthread_should_stop()) {
		left = schedule_timeout(left);
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
}

static int thread_function(void *data)
{
	unsigned int number = (unsigned long)data;

	while (!kthread_should_stop()) {
		mutex_lock(&mut);
		if (atomic_inc_return(&inside) != 1)
			pr_err("ex7_3: more than one thread in the critical section\n");
		pr_info("Thread %u in the critical section\n", number);
		pr_info("Thread %u waiting %u seconds\n", number, number);
		stay_inside(number);
		pr_info("Thread %u exiting critical section\n", number);
		atomic_dec(&inside);
		mutex_unlock(&mut);

		/*
		 * A thread that locks again at once often wins against one
		 * that has to be woken first. A short sleep prevents that.
		 */
		msleep(20);
	}
	return 0;
}

static int __init ex7_3_init(void)
{
	unsigned long i;

	mutex_init(&mut);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		threads[i] = kthread_run(thread_function, (void *)(i + 1),
					 "ex7_3 thread %lu", i + 1);
		if (IS_ERR(threads[i])) {
			long error = PTR_ERR(threads[i]);

			pr_err("ex7_3: cannot create thread %lu (%ld)\n", i + 1, error);
			while (i--)
				kthread_stop(threads[i]);
			return error;
		}
	}
	pr_info("Threads started\n");
	return 0;
}

static void __exit ex7_3_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		kthread_stop(threads[i]);
	pr_info("Exiting!\n");
}

module_init(ex7_3_init);
module_exit(ex7_3_exit);

MODULE_DESCRIPTION("Two kernel threads that take turns in a critical section");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
