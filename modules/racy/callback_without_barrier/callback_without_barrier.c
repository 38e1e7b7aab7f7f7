// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a thread gives an object to call_rcu() when it is stopped.
 * The exit function waits until the callback reports that it is done, instead
 * of with rcu_barrier(), and frees a table that the callback uses. The
 * callback reports it too early.
 *
 * The callback has reported that it is done. Before it has used the table for
 * the last time, the exit function, on another CPU, removes the table. The
 * callback goes through a NULL pointer.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>

#define VALUES 8

struct object {
	struct rcu_head rcu;
	int values[VALUES];
};

static DECLARE_COMPLETION(freed);
static struct task_struct *thread;
static struct object *object;
static int *table;

static void free_object(struct rcu_head *rcu)
{
	struct object *gone = container_of(rcu, struct object, rcu);
	int i;

	complete(&freed);
	for (i = 0; i < VALUES; i++)
		READ_ONCE(table)[i] -= gone->values[i];
	kfree(gone);
}

static int drops_object(void *unused)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	call_rcu(&object->rcu, free_object);
	return 0;
}

static void free_table(void)
{
	int *gone = table;

	WRITE_ONCE(table, NULL);
	kfree(gone);
}

static int next_cpu(void)
{
	return (raw_smp_processor_id() + 1) % num_online_cpus();
}

static int __init callback_without_barrier_init(void)
{
	table = kcalloc(VALUES, sizeof(*table), GFP_KERNEL);
	object = kzalloc(sizeof(*object), GFP_KERNEL);
	thread = kthread_create(drops_object, NULL, "dropper");
	if (!table || !object || IS_ERR(thread)) {
		if (!IS_ERR(thread))
			kthread_stop(thread);
		kfree(object);
		kfree(table);
		return -ENOMEM;
	}
	kthread_bind(thread, next_cpu());
	wake_up_process(thread);
	return 0;
}

static void __exit callback_without_barrier_exit(void)
{
	if (kthread_stop(thread) != 0)
		free_object(&object->rcu);
#ifdef REPAIRED
	rcu_barrier();
#else
	wait_for_completion(&freed);
#endif
	free_table();
}

module_init(callback_without_barrier_init);
module_exit(callback_without_barrier_exit);

MODULE_DESCRIPTION("Racy on purpose: an RCU callback can lose its table");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
