// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two threads share memory without a lock of their own: the kernel executes
 * only one of them at a time, or hands the memory over. The parameter chooses
 * how.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#define ROUNDS 40

static char *kind = "ordered_queue";
module_param(kind, charp, 0444);

struct item {
	struct llist_node in_list;
	refcount_t users;
	int value;
};

static struct task_struct *threads[2];
static struct workqueue_struct *queue;
static struct kthread_worker *worker;
static struct item *shared_item;
static LLIST_HEAD(items);
static DEFINE_MUTEX(mutex);
static int count, counts[2];

static void counts_up(struct work_struct *unused)
{
	count++;
	usleep_range(100, 400);
	count++;
}

static DECLARE_WORK(one_work, counts_up);
static DECLARE_WORK(other_work, counts_up);

/* An ordered workqueue executes one of its items after the other. */
static void with_ordered_queue(int number)
{
	queue_work(queue, number ? &one_work : &other_work);
	usleep_range(100, 1200);
}

static int counts_alone(void *unused)
{
	count++;
	return 0;
}

/* Meanwhile, no other CPU executes anything. */
static void with_stopped_cpus(int number)
{
	if (number)
		count++;
	else
		stop_machine(counts_alone, NULL, NULL);
}

static void counts_there(void *number)
{
	counts[(long)number]++;
}

/* The call comes back when the other CPU has called the function. */
static void with_other_cpu(int number)
{
	int cpu;

	counts[number]++;
	for_each_online_cpu(cpu)
		smp_call_function_single(cpu, counts_there, (void *)(long)number, 1);
	counts[number]++;
}

/* What is added to the list is complete, and who takes it has it alone. */
static void with_lockless_list(int number)
{
	struct item *item, *next;

	if (number) {
		item = kzalloc(sizeof(*item), GFP_KERNEL);
		if (!item)
			return;
		item->value = 1;
		llist_add(&item->in_list, &items);
		return;
	}
	llist_for_each_entry_safe(item, next, llist_del_all(&items), in_list) {
		count += item->value;
		kfree(item);
	}
}

/* The lock comes with the last reference that is given back. */
static void with_last_reference(int number)
{
	struct item *item;

	mutex_lock(&mutex);
	item = shared_item;
	if (number) {
		if (item)
			item->value++;
	} else {
		item = kzalloc(sizeof(*item), GFP_KERNEL);
		if (item)
			refcount_set(&item->users, 1);
		shared_item = item;
	}
	mutex_unlock(&mutex);
	if (number || !item)
		return;
	usleep_range(300, 1200);
	if (refcount_dec_and_mutex_lock(&item->users, &mutex)) {
		shared_item = NULL;
		mutex_unlock(&mutex);
		kfree(item);
	}
}

static void counts_in_worker(struct kthread_work *work);
static DEFINE_KTHREAD_DELAYED_WORK(late_work, counts_in_worker);

static void counts_in_worker(struct kthread_work *work)
{
	count++;
	kthread_queue_delayed_work(worker, &late_work, 1);
}

/* A thread of its own executes the item, and it is over when it is cancelled. */
static void with_worker(int number)
{
	if (number)
		return;
	count++;
	kthread_queue_delayed_work(worker, &late_work, 1);
	msleep(6);
	kthread_cancel_delayed_work_sync(&late_work);
	count++;
}

static const struct {
	const char *kind;
	void (*access)(int number);
} kinds[] = {
	{ "ordered_queue", with_ordered_queue },   { "stopped_cpus", with_stopped_cpus },
	{ "other_cpu", with_other_cpu },	   { "lockless_list", with_lockless_list },
	{ "last_reference", with_last_reference }, { "worker", with_worker },
};

static void (*access_memory)(int number);

static int accesses(void *number)
{
	int i;

	for (i = 0; i < ROUNDS && !kthread_should_stop(); i++) {
		access_memory((long)number);
		usleep_range(200, 300);
	}
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static void stop_all(void)
{
	struct item *item, *next;
	int i;

	for (i = 0; i < 2; i++)
		if (!IS_ERR_OR_NULL(threads[i]))
			kthread_stop(threads[i]);
	if (!IS_ERR_OR_NULL(worker))
		kthread_destroy_worker(worker);
	if (queue)
		destroy_workqueue(queue);
	llist_for_each_entry_safe(item, next, llist_del_all(&items), in_list)
		kfree(item);
}

static int __init shares_one_at_a_time_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			access_memory = kinds[i].access;
	if (!access_memory)
		return -EINVAL;
	queue = alloc_ordered_workqueue("one_at_a_time", 0);
	if (!queue)
		return -ENOMEM;
	worker = kthread_create_worker(0, "one_at_a_time");
	if (IS_ERR(worker)) {
		stop_all();
		return PTR_ERR(worker);
	}
	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(accesses, (void *)(long)i, "sharer/%d", i);
		if (IS_ERR(threads[i])) {
			stop_all();
			return PTR_ERR(threads[i]);
		}
		kthread_bind(threads[i], i % num_online_cpus());
	}
	for (i = 0; i < 2; i++)
		wake_up_process(threads[i]);
	return 0;
}

static void __exit shares_one_at_a_time_exit(void)
{
	stop_all();
}

module_init(shares_one_at_a_time_init);
module_exit(shares_one_at_a_time_exit);

MODULE_DESCRIPTION("Two threads share memory without a lock of their own");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
