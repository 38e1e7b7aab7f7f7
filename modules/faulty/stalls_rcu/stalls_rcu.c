// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: asks RCU for the end of a grace period and keeps the CPU,
 * so that it never comes. The CPU where it spins reports the stall itself.
 */
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

static struct rcu_head head;
static bool never;

static void grace_period_ended(struct rcu_head *unused)
{
}

static noinline void stall(void)
{
	while (!READ_ONCE(never))
		barrier();
}

static int __init stalls_rcu_init(void)
{
	call_rcu(&head, grace_period_ended);
	preempt_disable();
	stall();
	preempt_enable();
	return 0;
}

static void __exit stalls_rcu_exit(void)
{
	rcu_barrier();
}

module_init(stalls_rcu_init);
module_exit(stalls_rcu_exit);

MODULE_DESCRIPTION("Faulty on purpose: stalls RCU");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
