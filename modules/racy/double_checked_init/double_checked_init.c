// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: the first thread that needs the table makes it. A flag says
 * that the table exists, and threads look at the flag without the lock. But
 * the flag is set before the table is there.
 *
 * A thread has set the flag, and has not yet stored the table. The other
 * thread sees the flag, does not take the lock, and uses the table: a NULL
 * pointer.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/smp.h>

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);
static DEFINE_MUTEX(lock);
static bool ready;
static int *table;

static int *make_table(void)
{
	int *made = kcalloc(16, sizeof(*made), GFP_KERNEL);
	int i;

	for (i = 0; made && i < 4; i++)
		made[i] = i;
	return made;
}

static void ensure_table(void)
{
	if (smp_load_acquire(&ready))
		return;
	mutex_lock(&lock);
	if (!ready) {
#ifdef REPAIRED
		WRITE_ONCE(table, make_table());
		smp_store_release(&ready, true);
#else
		smp_store_release(&ready, true);
		WRITE_ONCE(table, make_table());
#endif
	}
	mutex_unlock(&lock);
}

static int uses_table(void *unused)
{
	ensure_table();
	WRITE_ONCE(table[0], 1);
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

static int __init double_checked_init_init(void)
{
	int cpu = raw_smp_processor_id();
	int i;

	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(uses_table, NULL, "racer/%d", i);
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

static void __exit double_checked_init_exit(void)
{
	stop_threads();
	kfree(table);
}

module_init(double_checked_init_init);
module_exit(double_checked_init_exit);

MODULE_DESCRIPTION("Racy on purpose: a table can be used before it exists");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
