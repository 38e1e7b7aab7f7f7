// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: spins indefinitely with interrupts off. Its CPU does not
 * even count time; only another CPU or the host can detect it.
 */
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/module.h>

static noinline void spin(void)
{
	for (;;)
		barrier();
}

static int __init spin_irqs_off_init(void)
{
	local_irq_disable();
	spin();
	return 0;
}

static void __exit spin_irqs_off_exit(void)
{
}

module_init(spin_irqs_off_init);
module_exit(spin_irqs_off_exit);

MODULE_DESCRIPTION("Faulty on purpose: spins for ever with interrupts off");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
