// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: a thread that is bound to a CPU and wakes up once a second.
 * In one of its rounds it moves itself to another CPU, works there for a
 * millisecond and returns, between two samples of its state. With slip=0 it
 * stays on its CPU.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static int cpu;
module_param(cpu, int, 0444);
MODULE_PARM_DESC(cpu, "CPU that the thread is bound to (default 0)");

static int elsewhere;
module_param(elsewhere, int, 0444);
MODULE_PARM_DESC(elsewhere, "CPU that it slips to (default 0)");

static unsigned int slip;
module_param(slip, uint, 0444);
MODULE_PARM_DESC(slip, "round in which it slips (default 0: in none)");

static struct task_struct *thread;

static int work(void *unused)
{
	unsigned int round = 0;

	while (!kthread_should_stop()) {
		if (++round == slip) {
			set_cpus_allowed_ptr(current, cpumask_of(elsewhere));
			udelay(1000);
			set_cpus_allowed_ptr(current, cpumask_of(cpu));
		}
		msleep(1000);
	}
	return 0;
}

static int __init slipped_binding_init(void)
{
	if (cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu) || elsewhere < 0 ||
	    elsewhere >= nr_cpu_ids || !cpu_online(elsewhere))
		return -EINVAL;
	thread = kthread_create(work, NULL, "slipping");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, cpu);
	wake_up_process(thread);
	return 0;
}

static void __exit slipped_binding_exit(void)
{
	kthread_stop(thread);
}

module_init(slipped_binding_init);
module_exit(slipped_binding_exit);

MODULE_DESCRIPTION("Faulty on purpose: a thread that leaves its CPU for a millisecond");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
