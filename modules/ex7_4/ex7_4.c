// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ex7_4 - a kernel thread bound to the CPU that the parameter names
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/smp.h>

static int cpu;
module_param(cpu, int, 0444);
MODULE_PARM_DESC(cpu, "CPU that the thread is bound to (default 0)");

static struct task_struct *thread;

static int thread_function(void *unused)
{
	unsigned int round = 0;

	pr_info("Thread started\n");
	while (!kthread_should_stop()) {
		int here = raw_smp_processor_id();

		if (here != cpu)
			pr_err("ex7_4: the thread runs on CPU %d instead of CPU %d\n",
			       here, cpu);
		pr_info("In thread function %u\n", ++round);
		msleep(1000);
	}
	pr_info("Thread exiting\n");
	return 0;
}

static int __init ex7_4_init(void)
{
	int error = 0;

	/* No CPU may go offline between the check and the thread's start. */
	cpus_read_lock();

	/* A number beyond nr_cpu_ids must not reach cpu_online(). */
	if (cpu < 0 || cpu >= nr_cpu_ids || !cpu_possible(cpu)) {
		pr_err("ex7_4: CPU %d does not exist\n", cpu);
		error = -EINVAL;
		goto unlock;
	}
	if (!cpu_online(cpu)) {
		pr_err("ex7_4: CPU %d is offline\n", cpu);
		error = -EINVAL;
		goto unlock;
	}

	thread = kthread_create(thread_function, NULL, "ex7_4");
	if (IS_ERR(thread)) {
		error = PTR_ERR(thread);
		pr_err("ex7_4: cannot create the thread (%d)\n", error);
		goto unlock;
	}
	/* Only a thread that has never run may be bound. */
	kthread_bind(thread, cpu);
	wake_up_process(thread);

unlock:
	cpus_read_unlock();
	return error;
}

static void __exit ex7_4_exit(void)
{
	kthread_stop(thread);
	pr_info("Exiting!\n");
}

module_init(ex7_4_init);
module_exit(ex7_4_exit);

MODULE_DESCRIPTION("A kernel thread bound to one CPU");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
