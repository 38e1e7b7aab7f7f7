// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: enables an interrupt more often than it disabled it.
 */
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/module.h>

static irqreturn_t handle(int irq, void *unused)
{
	return IRQ_NONE;
}

static int cookie;

static int __init unbalanced_irq_init(void)
{
	int error = request_irq(5, handle, IRQF_SHARED, "unbalanced_irq", &cookie);

	if (error)
		return error;
	disable_irq(5);
	enable_irq(5);
	enable_irq(5);
	return 0;
}

static void __exit unbalanced_irq_exit(void)
{
	free_irq(5, &cookie);
}

module_init(unbalanced_irq_init);
module_exit(unbalanced_irq_exit);

MODULE_DESCRIPTION("Faulty on purpose: enables an interrupt once too often");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
