// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: two threads write to one variable without a lock. Here
 * this has no effect; only KCSAN can detect it.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *threads[2];
static int shared;

static int write_shared(void *unused)
{
	while (!kthread_should_stop()) {
		int round;

		for (round = 0; round < 1000; round++) {
			shared++;
			barrier();
		}
		msleep(1);
	}
	return 0;
}

static int __init data_race_init(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		threads[i] = kthread_run(write_shared, NULL, "racer/%d", i);
		if (IS_ERR(threads[i])) {
			if (i > 0)
				kthread_stop(threads[0]);
			return PTR_ERR(threads[i]);
		}
	}
	return 0;
}

static void __exit data_race_exit(void)
{
	kthread_stop(threads[0]);
	kthread_stop(threads[1]);
}

module_init(data_race_init);
module_exit(data_race_exit);

MODULE_DESCRIPTION("Faulty on purpose: two threads race");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
