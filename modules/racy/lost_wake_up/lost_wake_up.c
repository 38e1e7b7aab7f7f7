// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a thread waits until a value is ready, and another one
 * makes it ready and wakes the first.
 *
 * The first thread looks at the flag, which is not set. Before it marks itself
 * as sleeping, the other thread sets the flag and wakes it, which has no
 * effect on a thread that is awake. Then the first thread goes to sleep, and
 * is never woken.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/smp.h>

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);
static bool ready;

static int waits(void *unused)
{
#ifdef REPAIRED
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(ready))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
#else
	while (!READ_ONCE(ready)) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
#endif
	complete(&ended);
	return 0;
}

static int wakes(void *unused)
{
	WRITE_ONCE(ready, true);
	wake_up_process(threads[0]);
	complete(&ended);
	return 0;
}

static int (*const functions[])(void *) = { waits, wakes };

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

static int __init lost_wake_up_init(void)
{
	int cpu = raw_smp_processor_id();
	int i;

	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(functions[i], NULL, "racer/%d", i);
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

static void __exit lost_wake_up_exit(void)
{
	stop_threads();
}

module_init(lost_wake_up_init);
module_exit(lost_wake_up_exit);

MODULE_DESCRIPTION("Racy on purpose: a wake-up can be lost");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
