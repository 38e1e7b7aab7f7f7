// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: waits for an event that nobody reports: its condition
 * is set, and nobody is woken.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool ready;
static struct task_struct *thread;

static int set_and_forget(void *unused)
{
	msleep(10);
	WRITE_ONCE(ready, true);
	while (!kthread_should_stop())
		msleep(50);
	return 0;
}

static int __init event_never_comes_init(void)
{
	thread = kthread_run(set_and_forget, NULL, "set_and_forget");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	wait_event(queue, READ_ONCE(ready));
	return 0;
}

static void __exit event_never_comes_exit(void)
{
	kthread_stop(thread);
}

module_init(event_never_comes_init);
module_exit(event_never_comes_exit);

MODULE_DESCRIPTION("Faulty on purpose: forgets to wake who waits");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
