// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: prints so many lines with interrupts off that the kernel's
 * log overwrites most of them before anybody can read them. Nobody can tell
 * whether a kernel report was among them.
 */
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/module.h>

static int __init floods_the_log_init(void)
{
	unsigned long flags;
	int line;

	local_irq_save(flags);
	for (line = 0; line < 30000; ++line)
		pr_info("line %d of many\n", line);
	local_irq_restore(flags);
	return 0;
}

static void __exit floods_the_log_exit(void)
{
}

module_init(floods_the_log_init);
module_exit(floods_the_log_exit);

MODULE_DESCRIPTION("Faulty on purpose: floods the log");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
