// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a thread ends when it is asked to, and then removes the
 * pointer to itself. The exit function asks it to end, and stops it if it has
 * not ended yet.
 *
 * The exit function sees that there is a thread. Before it calls
 * kthread_stop(), the thread ends. The exit function reads the pointer again,
 * which is NULL now.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static struct task_struct *thread;
static DECLARE_COMPLETION(leave);
static int results[8];

static int ends(void *unused)
{
	wait_for_completion(&leave);
#ifndef REPAIRED
	WRITE_ONCE(thread, NULL);
#endif
	return 0;
}

static int sum_of_results(void)
{
	int sum = 0;
	int i;

	for (i = 0; i < 8; i++)
		sum += READ_ONCE(results[i]);
	return sum;
}

static int __init stops_an_ended_thread_init(void)
{
	struct task_struct *made = kthread_create(ends, NULL, "ender");

	if (IS_ERR(made))
		return PTR_ERR(made);
	get_task_struct(made);
	thread = made;
	wake_up_process(made);
	return 0;
}

static void __exit stops_an_ended_thread_exit(void)
{
	struct task_struct *mine = thread;

	complete(&leave);
	if (READ_ONCE(thread)) {
		int sum = sum_of_results();

		kthread_stop(READ_ONCE(thread));
		pr_info("stopped, the sum is %d\n", sum);
	}
	put_task_struct(mine);
}

module_init(stops_an_ended_thread_init);
module_exit(stops_an_ended_thread_exit);

MODULE_DESCRIPTION("Racy on purpose: a thread can end before it is stopped");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
