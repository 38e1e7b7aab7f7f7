// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: waits by a queue, a completion and a timeout, each of which
 * comes to its end.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/wait.h>

static DECLARE_COMPLETION(done);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool ready;

static int helper(void *unused)
{
	msleep(1000);
	ready = true;
	wake_up(&queue);
	msleep(1000);
	complete(&done);
	return 0;
}

static int __init waits_in_turn_init(void)
{
	struct task_struct *thread = kthread_run(helper, NULL, "waits_helper");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	wait_event(queue, ready);
	wait_for_completion(&done);
	wait_event_timeout(queue, false, HZ);
	return 0;
}

static void __exit waits_in_turn_exit(void)
{
}

module_init(waits_in_turn_init);
module_exit(waits_in_turn_exit);

MODULE_DESCRIPTION("Healthy: waits in each way for a while");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
