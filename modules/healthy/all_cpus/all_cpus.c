// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: lets each CPU run something, and stops the machine for a
 * moment.
 */
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>

static atomic_t calls = ATOMIC_INIT(0);

static void count(void *unused)
{
	atomic_inc(&calls);
}

static int nothing(void *unused)
{
	return 0;
}

static int __init all_cpus_init(void)
{
	on_each_cpu(count, NULL, 1);
	pr_info("%s called\n", atomic_read(&calls) == num_online_cpus() ? "all were" : "not all were");
	return stop_machine(nothing, NULL, cpu_online_mask);
}

static void __exit all_cpus_exit(void)
{
}

module_init(all_cpus_init);
module_exit(all_cpus_exit);

MODULE_DESCRIPTION("Healthy: interrupts all CPUs");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
