// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: waits for a flag that another thread would set, and
 * gives that thread no CPU.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/preempt.h>

static bool flag;

static int set_flag(void *unused)
{
	WRITE_ONCE(flag, true);
	return 0;
}

static int __init spins_for_a_flag_init(void)
{
	struct task_struct *thread;

	thread = kthread_create(set_flag, NULL, "set_flag");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, raw_smp_processor_id());
	preempt_disable();
	wake_up_process(thread);
	while (!READ_ONCE(flag))
		barrier();
	preempt_enable();
	return 0;
}

static void __exit spins_for_a_flag_exit(void)
{
}

module_init(spins_for_a_flag_init);
module_exit(spins_for_a_flag_exit);

MODULE_DESCRIPTION("Faulty on purpose: spins for a flag");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
