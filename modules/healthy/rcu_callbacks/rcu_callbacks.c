// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: frees memory by RCU, and waits for the callbacks before it
 * goes.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

struct item {
	struct rcu_head rcu;
	char data[200];
};

static void item_free(struct rcu_head *head)
{
	kfree(container_of(head, struct item, rcu));
}

static int __init rcu_callbacks_init(void)
{
	int i;

	for (i = 0; i < 1000; i++) {
		struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);

		if (!item)
			return -ENOMEM;
		call_rcu(&item->rcu, item_free);
	}
	return 0;
}

static void __exit rcu_callbacks_exit(void)
{
	rcu_barrier();
}

module_init(rcu_callbacks_init);
module_exit(rcu_callbacks_exit);

MODULE_DESCRIPTION("Healthy: frees memory by RCU callbacks");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
