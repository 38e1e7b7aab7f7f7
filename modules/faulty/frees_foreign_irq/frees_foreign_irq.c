// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: frees an interrupt that it never requested.
 */
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/module.h>

static int cookie;

static int __init frees_foreign_irq_init(void)
{
	return 0;
}

static void __exit frees_foreign_irq_exit(void)
{
	free_irq(5, &cookie);
}

module_init(frees_foreign_irq_init);
module_exit(frees_foreign_irq_exit);

MODULE_DESCRIPTION("Faulty on purpose: frees an interrupt that it does not have");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
