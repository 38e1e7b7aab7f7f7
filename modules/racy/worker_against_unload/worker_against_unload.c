// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a worker goes through a list of orders, and the exit
 * function frees the orders. It cancels the work before, but does not wait for
 * work that is running.
 *
 * The exit function queues the work a last time, and the worker starts. While
 * the worker is at an order, the exit function cancels nothing, since the work
 * is running already, and frees all orders. The worker goes on with a freed
 * order.
 */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

struct order {
	struct list_head link;
	int amount;
};

static LIST_HEAD(orders);
static int total;

static void adds_up(struct work_struct *unused)
{
	struct order *order;

	list_for_each_entry(order, &orders, link)
		WRITE_ONCE(total, total + order->amount);
}
static DECLARE_WORK(work, adds_up);

static void free_orders(void)
{
	struct order *order, *next;

	list_for_each_entry_safe(order, next, &orders, link) {
		list_del(&order->link);
		kfree(order);
	}
}

static int count_orders(void)
{
	struct order *order;
	int count = 0;

	list_for_each_entry(order, &orders, link)
		count++;
	return count;
}

static int next_cpu(void)
{
	return (raw_smp_processor_id() + 1) % num_online_cpus();
}

static int __init worker_against_unload_init(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		struct order *order = kzalloc(sizeof(*order), GFP_KERNEL);

		if (!order) {
			free_orders();
			return -ENOMEM;
		}
		order->amount = i;
		list_add(&order->link, &orders);
	}
	return 0;
}

static void __exit worker_against_unload_exit(void)
{
	schedule_work_on(next_cpu(), &work);
	pr_info("freeing %d orders\n", count_orders());
#ifdef REPAIRED
	cancel_work_sync(&work);
#else
	cancel_work(&work);
#endif
	free_orders();
}

module_init(worker_against_unload_init);
module_exit(worker_against_unload_exit);

MODULE_DESCRIPTION("Racy on purpose: a worker can use freed memory");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
