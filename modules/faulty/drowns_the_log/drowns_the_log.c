// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: a thread prints for as long as it may run. */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static bool errors;
module_param(errors, bool, 0444);
MODULE_PARM_DESC(errors, "the lines are errors, which the console shows, too");

static struct task_struct *thread;

static int chat(void *unused)
{
	unsigned long round = 0;

	while (!kthread_should_stop()) {
		printk("%sround %0200lu of a thread that has a lot to tell\n",
		       errors ? KERN_ERR : KERN_INFO, round++);
		schedule();
	}
	return 0;
}

static int __init drowns_the_log_init(void)
{
	thread = kthread_run(chat, NULL, "chatty");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit drowns_the_log_exit(void)
{
	kthread_stop(thread);
}

module_init(drowns_the_log_init);
module_exit(drowns_the_log_exit);

MODULE_DESCRIPTION("Faulty on purpose: prints without a pause");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
