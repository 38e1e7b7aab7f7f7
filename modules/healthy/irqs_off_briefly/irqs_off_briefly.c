// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: switches interrupts off again and again, for a while each time.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);

static int __init irqs_off_briefly_init(void)
{
	unsigned long flags;
	int i;

	for (i = 0; i < 20; i++) {
		spin_lock_irqsave(&lock, flags);
		mdelay(40);
		spin_unlock_irqrestore(&lock, flags);
	}
	return 0;
}

static void __exit irqs_off_briefly_exit(void)
{
}

module_init(irqs_off_briefly_init);
module_exit(irqs_off_briefly_exit);

MODULE_DESCRIPTION("Healthy: has its interrupts off for a while");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
