// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * thread_drv - five kernel threads that wake up once a second
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>

#include "kthread_sync.h"

static struct sync_thread threads[5];

static int example_thread(struct sync_thread *self)
{
	pr_info("hi, here is the kernel thread\n");
	while (sync_thread_sleep(self, HZ))
		pr_info("example thread: thread woke up\n");
	return 0;
}

static int __init thread_drv_init(void)
{
	unsigned int i;
	int error;

	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		error = sync_thread_start(&threads[i], example_thread, "example thread");
		if (error) {
			pr_err("thread_drv: cannot create thread %u (%d)\n", i, error);
			while (i--)
				sync_thread_stop(&threads[i]);
			return error;
		}
	}
	return 0;
}

static void __exit thread_drv_exit(void)
{
	unsigned int i;
	int result;

	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		result = sync_thread_stop(&threads[i]);
		if (result)
			pr_err("thread_drv: thread %u ended with %d\n", i, result);
	}
}

module_init(thread_drv_init);
module_exit(thread_drv_exit);

MODULE_DESCRIPTION("Five kernel threads, started and stopped synchronously");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
