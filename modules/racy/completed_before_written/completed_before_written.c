// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a calculator reports that it is done before it stores its
 * result.
 *
 * The calculator has completed the request. Before it stores the result, the
 * waiting thread wakes up and reads the old value.
 */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/smp.h>

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);
static DECLARE_COMPLETION(done);
static int result;

static int waits(void *unused)
{
	wait_for_completion(&done);
	WARN_ONCE(READ_ONCE(result) != 36, "the result is not there\n");
	complete(&ended);
	return 0;
}

static int calculates(void *unused)
{
	int sum = 0;
	int i;

#ifndef REPAIRED
	complete(&done);
#endif
	for (i = 1; i <= 8; i++) {
		sum += i;
		barrier();
	}
	WRITE_ONCE(result, sum);
#ifdef REPAIRED
	complete(&done);
#endif
	complete(&ended);
	return 0;
}

static int (*const functions[])(void *) = { waits, calculates };

static void stop_threads(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (IS_ERR_OR_NULL(threads[i]))
			continue;
		kthread_stop(threads[i]);
		put_task_struct(threads[i]);
	}
}

static int __init completed_before_written_init(void)
{
	int cpu = raw_smp_processor_id();
	int i;

	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(functions[i], NULL, "racer/%d", i);
		if (IS_ERR(threads[i])) {
			stop_threads();
			return PTR_ERR(threads[i]);
		}
		get_task_struct(threads[i]);
		kthread_bind(threads[i], (cpu + i) % num_online_cpus());
	}
	wake_up_process(threads[0]);
	wake_up_process(threads[1]);
	wait_for_completion(&ended);
	wait_for_completion(&ended);
	return 0;
}

static void __exit completed_before_written_exit(void)
{
	stop_threads();
}

module_init(completed_before_written_init);
module_exit(completed_before_written_exit);

MODULE_DESCRIPTION("Racy on purpose: a result can be read too early");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
