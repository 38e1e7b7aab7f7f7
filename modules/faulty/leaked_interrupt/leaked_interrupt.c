// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: keeps an interrupt when it is unloaded. Nothing raises it
 * here; on a real machine the next one would call a freed function.
 */
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/module.h>

#define LINE 5 /* an ISA line that no device of the guest has */

static irqreturn_t leaked_interrupt_comes(int line, void *unused)
{
	return IRQ_NONE;
}

static int __init leaked_interrupt_init(void)
{
	return request_irq(LINE, leaked_interrupt_comes, 0, "left_behind", NULL);
}

static void __exit leaked_interrupt_exit(void)
{
}

module_init(leaked_interrupt_init);
module_exit(leaked_interrupt_exit);

MODULE_DESCRIPTION("Faulty on purpose: keeps an interrupt");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
