// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: two threads register the same client, and the list must
 * have each client only once. The lock protects each access to the list, but
 * it is not held from the search to the insertion.
 *
 * A thread does not find the client. Before it inserts it, the other thread
 * does not find it either. Both insert it.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/smp.h>

struct client {
	struct list_head link;
	int id;
};

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);
static DEFINE_MUTEX(lock);
static LIST_HEAD(clients);
static int count;
module_param(count, int, 0444);

static bool is_registered(int id)
{
	struct client *client;

	list_for_each_entry(client, &clients, link) {
		if (client->id == id)
			return true;
	}
	return false;
}

static void insert(struct client *client)
{
	list_add(&client->link, &clients);
	count++;
}

static int registers(void *unused)
{
	struct client *client = kzalloc(sizeof(*client), GFP_KERNEL);
	bool found = false;

	if (client) {
		client->id = 7;
		mutex_lock(&lock);
		found = is_registered(client->id);
#ifndef REPAIRED
		mutex_unlock(&lock);
#endif
		if (found)
			kfree(client);
#ifndef REPAIRED
		mutex_lock(&lock);
#endif
		if (!found)
			insert(client);
		mutex_unlock(&lock);
	}
	complete(&ended);
	return 0;
}

static void stop_threads(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (IS_ERR_OR_NULL(threads[i]))
			continue;
		kthread_stop(threads[i]);
		put_task_struct(threads[i]);
	}
}

static int __init check_then_act_init(void)
{
	int cpu = raw_smp_processor_id();
	int i;

	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(registers, NULL, "racer/%d", i);
		if (IS_ERR(threads[i])) {
			stop_threads();
			return PTR_ERR(threads[i]);
		}
		get_task_struct(threads[i]);
		kthread_bind(threads[i], (cpu + i) % num_online_cpus());
	}
	wake_up_process(threads[0]);
	wake_up_process(threads[1]);
	wait_for_completion(&ended);
	wait_for_completion(&ended);
	return 0;
}

static void __exit check_then_act_exit(void)
{
	struct client *client, *next;

	stop_threads();
	list_for_each_entry_safe(client, next, &clients, link)
		kfree(client);
}

module_init(check_then_act_init);
module_exit(check_then_act_exit);

MODULE_DESCRIPTION("Racy on purpose: a client can be registered twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
