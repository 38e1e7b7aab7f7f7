// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: spins indefinitely with interrupts on, and never lets
 * another task run. The soft lockup detector reports it.
 */
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/preempt.h>

static unsigned long rounds;

static noinline void spin(void)
{
	/* Counts, so that the compiler cannot know that it never ends. */
	for (;;)
		WRITE_ONCE(rounds, rounds + 1);
}

static int __init spin_irqs_on_init(void)
{
	preempt_disable();
	spin();
	return 0;
}

static void __exit spin_irqs_on_exit(void)
{
}

module_init(spin_irqs_on_init);
module_exit(spin_irqs_on_exit);

MODULE_DESCRIPTION("Faulty on purpose: spins for ever with interrupts on");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
