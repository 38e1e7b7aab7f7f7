// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: two threads add to a sum without a lock.
 *
 * A thread reads the sum. Before it writes the new value, the other thread
 * adds to the sum, too. Then the first thread writes its own result, and what
 * the other one added is lost.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);

#ifdef REPAIRED
static DEFINE_SPINLOCK(lock);
#endif
static int sum;
module_param(sum, int, 0444);

static void add(int number)
{
	int value = READ_ONCE(sum);

	WRITE_ONCE(sum, value + number);
}

static int adds(void *unused)
{
	int number;

	for (number = 1; number <= 4; number++) {
#ifdef REPAIRED
		spin_lock(&lock);
		add(number);
		spin_unlock(&lock);
#else
		add(number);
#endif
	}
	complete(&ended);
	return 0;
}

static void stop_threads(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (IS_ERR_OR_NULL(threads[i]))
			continue;
		kthread_stop(threads[i]);
		put_task_struct(threads[i]);
	}
}

static int __init lost_update_init(void)
{
	int cpu = raw_smp_processor_id();
	int i;

	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(adds, NULL, "racer/%d", i);
		if (IS_ERR(threads[i])) {
			stop_threads();
			return PTR_ERR(threads[i]);
		}
		get_task_struct(threads[i]);
		kthread_bind(threads[i], (cpu + i) % num_online_cpus());
	}
	wake_up_process(threads[0]);
	wake_up_process(threads[1]);
	wait_for_completion(&ended);
	wait_for_completion(&ended);
	return 0;
}

static void __exit lost_update_exit(void)
{
	stop_threads();
}

module_init(lost_update_init);
module_exit(lost_update_exit);

MODULE_DESCRIPTION("Racy on purpose: an addition can be lost");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
