// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kthread_park - thread 2 parks thread 1, works alone and unparks it at the end
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *thread1;
static struct task_struct *thread2;
static DECLARE_COMPLETION(thread1_runs);

static int thread_func_1(void *unused)
{
	complete(&thread1_runs);
	msleep(500);
	while (!kthread_should_stop()) {
		if (kthread_should_park()) {
			/* Stays here until thread 2 unparks it. */
			kthread_parkme();
			pr_info("Thread 1 execution\n");
		}
		msleep(1000);
	}
	return 0;
}

static int thread_func_2(void *unused)
{
	int error;

	/*
	 * A thread that has not started yet would be parked before it calls
	 * its function, and could later be stopped without ever running it.
	 * Once it runs, kthread_park() returns when it next calls
	 * kthread_should_park(). Thread 1 cannot have exited, because it is
	 * stopped after this thread, so -ENOSYS is a bug.
	 */
	wait_for_completion(&thread1_runs);
	error = kthread_park(thread1);
	if (error)
		pr_err("kthread_park: cannot park thread 1 (%d)\n", error);

	while (!kthread_should_stop()) {
		pr_info("Thread 2 execution\n");
		msleep(1000);
	}
	if (!error)
		kthread_unpark(thread1);
	return error;
}

static int __init kthread_park_init(void)
{
	pr_info("Inside kthread init function\n");

	thread1 = kthread_run(thread_func_1, NULL, "kthread_park thread1 example");
	if (IS_ERR(thread1)) {
		pr_err("error creating thread1\n");
		return PTR_ERR(thread1);
	}
	pr_info("thread1 created successfully\n");

	thread2 = kthread_run(thread_func_2, NULL, "kthread_park thread2 example");
	if (IS_ERR(thread2)) {
		pr_err("error creating thread2\n");
		kthread_stop(thread1);
		return PTR_ERR(thread2);
	}
	pr_info("thread2 created successfully\n");
	return 0;
}

static void __exit kthread_park_exit(void)
{
	pr_info("Inside kthread exit function\n");
	/* Thread 2 parks and unparks thread 1, so it has to end first. */
	kthread_stop(thread2);
	kthread_stop(thread1);
	pr_info("destroyed thread\n");
}

module_init(kthread_park_init);
module_exit(kthread_park_exit);

MODULE_DESCRIPTION("Example of kthread_park");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
