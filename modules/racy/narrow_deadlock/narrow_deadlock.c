// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: two threads move money between two accounts, in opposite
 * directions. Each locks the account that it takes from, then the other one.
 *
 * A thread has the lock of its first account. Before it takes the second one,
 * the other thread locks that. Each waits for the lock that the other one
 * holds.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/task.h>
#include <linux/smp.h>

struct account {
	struct mutex lock;
	int balance;
};

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);
static struct account accounts[2];

static void transfer(struct account *from, struct account *to, int amount)
{
#ifdef REPAIRED
	mutex_lock(&min(from, to)->lock);
	mutex_lock_nested(&max(from, to)->lock, SINGLE_DEPTH_NESTING);
#else
	mutex_lock(&from->lock);
	mutex_lock_nested(&to->lock, SINGLE_DEPTH_NESTING);
#endif
	from->balance -= amount;
	to->balance += amount;
	mutex_unlock(&to->lock);
	mutex_unlock(&from->lock);
}

static int moves_to_second(void *unused)
{
	transfer(&accounts[0], &accounts[1], 10);
	complete(&ended);
	return 0;
}

static int moves_to_first(void *unused)
{
	transfer(&accounts[1], &accounts[0], 10);
	complete(&ended);
	return 0;
}

static int (*const functions[])(void *) = { moves_to_second, moves_to_first };

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

static int __init narrow_deadlock_init(void)
{
	int cpu = raw_smp_processor_id();
	int i;

	mutex_init(&accounts[0].lock);
	mutex_init(&accounts[1].lock);
	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(functions[i], NULL, "racer/%d", i);
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

static void __exit narrow_deadlock_exit(void)
{
	stop_threads();
}

module_init(narrow_deadlock_init);
module_exit(narrow_deadlock_exit);

MODULE_DESCRIPTION("Racy on purpose: two threads can deadlock");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
