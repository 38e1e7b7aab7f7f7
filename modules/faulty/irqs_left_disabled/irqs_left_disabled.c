// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: returns with interrupts switched off. The kernel notices
 * when the init function returns.
 */
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/module.h>

static int __init irqs_left_disabled_init(void)
{
	local_irq_disable();
	return 0;
}

static void __exit irqs_left_disabled_exit(void)
{
}

module_init(irqs_left_disabled_init);
module_exit(irqs_left_disabled_exit);

MODULE_DESCRIPTION("Faulty on purpose: returns with interrupts switched off");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
