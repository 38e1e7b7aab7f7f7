// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ex7_1 - start one kernel thread that says hello and returns on its own
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static struct task_struct *thread;
static DECLARE_COMPLETION(announced);

static int thread_function(void *unused)
{
	/*
	 * This task must not end until init has announced it and holds a
	 * reference to it. Waiting also gives the log a fixed order.
	 */
	wait_for_completion(&announced);
	pr_info("I'm a thread!\n");
	return 0;
}

static int __init ex7_1_init(void)
{
	pr_info("I'm a module!\n");

	thread = kthread_run(thread_function, NULL, "ex7_1");
	if (IS_ERR(thread)) {
		pr_err("ex7_1: cannot create the thread (%ld)\n", PTR_ERR(thread));
		return PTR_ERR(thread);
	}
	/*
	 * The task_struct of a kthread that has returned is freed. Without a
	 * reference of our own the pointer would dangle as soon as the thread
	 * is gone, and using it in the exit function would be a use after
	 * free. Taking it here is safe, because the thread still waits.
	 */
	get_task_struct(thread);

	pr_info("Thread created\n");
	complete(&announced);
	return 0;
}

static void __exit ex7_1_exit(void)
{
	/*
	 * Normally the thread returned long ago. As the reference is held,
	 * kthread_stop() is still allowed and returns at once. If the thread
	 * is still returning, it waits until the task has left the code of
	 * this module, which is about to be freed. A completion signalled by
	 * the thread itself could not guarantee that.
	 */
	kthread_stop(thread);
	put_task_struct(thread);
	pr_info("Exiting...\n");
}

module_init(ex7_1_init);
module_exit(ex7_1_exit);

MODULE_DESCRIPTION("One kernel thread that prints a line and returns");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
