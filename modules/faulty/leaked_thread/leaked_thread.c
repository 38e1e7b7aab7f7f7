// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: leaves a kernel thread behind. The thread is a worker
 * without work: it runs and sleeps in the kernel's own code and in memory that
 * the kernel allocated, so it does not depend on the module.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/version.h>

static int __init leaked_thread_init(void)
{
	struct kthread_worker *worker;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
	/* From 6.14 on kthread_create_worker() does not start it. */
	worker = kthread_run_worker(0, "left_behind");
#else
	worker = kthread_create_worker(0, "left_behind");
#endif
	return PTR_ERR_OR_ZERO(worker);
}

static void __exit leaked_thread_exit(void)
{
}

module_init(leaked_thread_init);
module_exit(leaked_thread_exit);

MODULE_DESCRIPTION("Faulty on purpose: leaves a kernel thread");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
