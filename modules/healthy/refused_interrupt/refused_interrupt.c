// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: asks for an interrupt that is not shared and is in use, and goes on
 * without it. The kernel logs "genirq: Flags mismatch".
 */
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/module.h>

#define SERIAL_LINE 4	/* the console's, on a PC */

static int granted;

static irqreturn_t handle(int irq, void *unused)
{
	return IRQ_NONE;
}

static int __init refused_interrupt_init(void)
{
	int err = request_irq(SERIAL_LINE, handle, 0, "refused_interrupt", &granted);

	granted = !err;
	pr_info("the request gave %d\n", err);
	/* Our own request holds the line now: the next one is refused. */
	if (granted)
		pr_info("the next one gave %d\n",
			request_irq(SERIAL_LINE, handle, IRQF_SHARED,
				    "refused_interrupt", &granted));
	return 0;
}

static void __exit refused_interrupt_exit(void)
{
	if (granted)
		free_irq(SERIAL_LINE, &granted);
}

module_init(refused_interrupt_init);
module_exit(refused_interrupt_exit);

MODULE_DESCRIPTION("Healthy: is refused an interrupt, and goes on");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
