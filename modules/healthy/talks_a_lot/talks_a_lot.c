// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: prints 1 MB, which is much but fits, with pauses in which the log
 * can be read.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *thread;

static int talk(void *unused)
{
	int line;

	for (line = 1; line <= 12000 && !kthread_should_stop(); ++line) {
		pr_info("line %d of twelve thousand, which is long enough to make a large log\n", line);
		if (line % 500 == 0)
			msleep(20);
	}
	pr_info("that was all\n");
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static int __init talks_a_lot_init(void)
{
	thread = kthread_run(talk, NULL, "talkative");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit talks_a_lot_exit(void)
{
	kthread_stop(thread);
}

module_init(talks_a_lot_init);
module_exit(talks_a_lot_exit);

MODULE_DESCRIPTION("Healthy: prints a lot");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
