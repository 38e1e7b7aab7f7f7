// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: takes a spinlock that was never initialised, with
 * interrupts off. What lies in its memory says that it is held, and
 * nobody will ever release it.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

struct device_state {
	char name[16];
	spinlock_t lock;
};

static struct device_state *state;

static int __init garbage_lock_init(void)
{
	unsigned long flags;

	state = kmalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	/* Meant for the name alone. */
	memset(state, 1, sizeof(*state));
	spin_lock_irqsave(&state->lock, flags);
	spin_unlock_irqrestore(&state->lock, flags);
	return 0;
}

static void __exit garbage_lock_exit(void)
{
	kfree(state);
}

module_init(garbage_lock_init);
module_exit(garbage_lock_exit);

MODULE_DESCRIPTION("Faulty on purpose: takes a lock that was never initialised");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
