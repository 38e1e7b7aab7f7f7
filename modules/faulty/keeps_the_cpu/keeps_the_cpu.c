// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: keeps a CPU in the way that the parameter `how` names.
 * What is seen depends on what else the CPU can still do: the agent gets none,
 * the soft lockup detector or RCU reports a stall, or all is silent.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

static char *how = "";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "greedy, spin, spin_until_never or spin_until_never_irqs_off");

static struct task_struct *thread;
static bool never;

/* Lets others run, but only those of its own class. */
static int greedy(void *unused)
{
	sched_set_fifo(current);
	while (!READ_ONCE(never))
		cond_resched();
	return 0;
}

static noinline void spin(void)
{
	for (;;)
		cpu_relax();
}

/* No glance at the code tells that this has no end. */
static noinline void spin_until_never(void)
{
	while (!READ_ONCE(never))
		barrier();
}

static int __init keeps_the_cpu_init(void)
{
	if (!strcmp(how, "greedy")) {
		thread = kthread_run(greedy, NULL, "greedy");
		return PTR_ERR_OR_ZERO(thread);
	}
	if (!strcmp(how, "spin")) {
		spin();
	} else if (!strcmp(how, "spin_until_never")) {
		spin_until_never();
	} else if (!strcmp(how, "spin_until_never_irqs_off")) {
		local_irq_disable();
		spin_until_never();
	}
	return 0;
}

static void __exit keeps_the_cpu_exit(void)
{
	if (thread)
		kthread_stop(thread);
}

module_init(keeps_the_cpu_init);
module_exit(keeps_the_cpu_exit);

MODULE_DESCRIPTION("Faulty on purpose: keeps a CPU in many ways");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
