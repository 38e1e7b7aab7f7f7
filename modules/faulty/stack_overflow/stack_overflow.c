// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: calls itself until the stack of its task is used up, and
 * hits the guard page below it.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/types.h>

static volatile unsigned int depth = 1U << 30;

static noinline unsigned int descend(unsigned int left)
{
	volatile u8 frame[256];

	frame[0] = left;
	if (left == 0)
		return 0;
	/* Used after the call, so that it cannot become a jump. */
	return descend(left - 1) + frame[0];
}

static int __init stack_overflow_init(void)
{
	return descend(depth) == 1 ? -EIO : 0;
}

static void __exit stack_overflow_exit(void)
{
}

module_init(stack_overflow_init);
module_exit(stack_overflow_exit);

MODULE_DESCRIPTION("Faulty on purpose: overflows its stack");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
