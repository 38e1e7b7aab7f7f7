// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a thread sleeps until there is something to do, or until it
 * is stopped. It looks whether it must stop, and then goes to sleep without
 * looking again.
 *
 * The exit function wakes the thread a last time and then stops it. The thread
 * has looked and need not stop. Before it marks itself as sleeping,
 * kthread_stop() sets the request and wakes it, which has no effect on a
 * thread that is awake. Then the thread sleeps, and the unload waits for it
 * indefinitely.
 *
 * Only kernels before 5.19 show it: later ones also end an interruptible sleep
 * with a signal's flag in kthread_stop().
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static struct task_struct *thread;
static int history[8];
static int wakes;

static void note_wake(void)
{
	int i;

	for (i = 7; i > 0; i--)
		WRITE_ONCE(history[i], history[i - 1]);
	WRITE_ONCE(history[0], ++wakes);
}

static int sum_of_history(void)
{
	int sum = 0;
	int i;

	for (i = 0; i < 8; i++)
		sum += READ_ONCE(history[i]);
	return sum;
}

static int sleeps(void *unused)
{
	while (!kthread_should_stop()) {
		note_wake();
		set_current_state(TASK_INTERRUPTIBLE);
#ifdef REPAIRED
		if (kthread_should_stop())
			break;
#endif
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int __init sleeps_without_looking_init(void)
{
	thread = kthread_run(sleeps, NULL, "sleeper");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit sleeps_without_looking_exit(void)
{
	int sum;

	wake_up_process(thread);
	sum = sum_of_history();
	kthread_stop(thread);
	pr_info("sum of the wake-ups: %d\n", sum);
}

module_init(sleeps_without_looking_init);
module_exit(sleeps_without_looking_exit);

MODULE_DESCRIPTION("Racy on purpose: a thread can miss that it must stop");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
