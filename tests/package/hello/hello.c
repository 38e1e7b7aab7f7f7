// SPDX-License-Identifier: GPL-2.0
/* The module that the plan in README.md is about. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

static char *name = "nobody";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "who is greeted");

static struct task_struct *worker;

static int work(void *unused)
{
	pr_info("hello: worker started\n");
	while (!kthread_should_stop())
		msleep_interruptible(1000);
	return 0;
}

static int __init hello_init(void)
{
	pr_info("hello %s\n", name);
	worker = kthread_run(work, NULL, "hello_worker");
	return PTR_ERR_OR_ZERO(worker);
}

static void __exit hello_exit(void)
{
	kthread_stop(worker);
	pr_info("goodbye %s\n", name);
}

module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Greets, and has a thread");
