// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: has a thread that ends when it gets a signal, and another that
 * is stopped.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>

static struct task_struct *signalled, *stopped;

static int until_signal(void *unused)
{
	allow_signal(SIGUSR1);
	while (!kthread_should_stop() && !signal_pending(current))
		msleep_interruptible(1000);
	flush_signals(current);
	pr_info("got a signal\n");
	while (!kthread_should_stop())
		msleep_interruptible(10);
	return 0;
}

static int until_stop(void *unused)
{
	while (!kthread_should_stop())
		msleep(5000);
	return 0;
}

static int __init takes_signals_init(void)
{
	signalled = kthread_run(until_signal, NULL, "until_signal");
	if (IS_ERR(signalled))
		return PTR_ERR(signalled);
	stopped = kthread_run(until_stop, NULL, "until_stop");
	if (IS_ERR(stopped)) {
		kthread_stop(signalled);
		return PTR_ERR(stopped);
	}
	msleep(50);
	send_sig(SIGUSR1, signalled, 1);
	return 0;
}

static void __exit takes_signals_exit(void)
{
	kthread_stop(signalled);
	kthread_stop(stopped);
}

module_init(takes_signals_init);
module_exit(takes_signals_exit);

MODULE_DESCRIPTION("Healthy: has threads that end in two ways");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
