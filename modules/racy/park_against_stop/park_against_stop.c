// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a second thread, the keeper, parks a worker for each of its
 * rounds. The exit function starts a last round, and stops the worker. A flag
 * tells the keeper that the worker is being stopped.
 *
 * The keeper has seen that the flag is not set. Before it parks the worker,
 * the exit function sets the flag and stops the worker. The worker ends, and
 * the keeper parks a thread that has ended or is about to: the kernel warns,
 * or the keeper waits indefinitely.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

static struct task_struct *worker;
static struct task_struct *keeper;
static DECLARE_COMPLETION(round);
#ifdef REPAIRED
static DEFINE_MUTEX(lock);
#endif
static bool stopping;
static int rounds;
static int seen[8];

static int works(void *unused)
{
	while (!kthread_should_stop()) {
		if (kthread_should_park())
			kthread_parkme();
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop() && !kthread_should_park())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static void note_round(void)
{
	int i;

	for (i = 7; i > 0; i--)
		WRITE_ONCE(seen[i], seen[i - 1]);
	seen[0] = ++rounds;
}

static void keep(void)
{
	if (READ_ONCE(stopping))
		return;
	note_round();
	if (kthread_park(worker) == 0)
		kthread_unpark(worker);
}

static int keeps(void *unused)
{
	wait_for_completion(&round);
#ifdef REPAIRED
	mutex_lock(&lock);
	keep();
	mutex_unlock(&lock);
#else
	keep();
#endif
	return 0;
}

static int sum_of_rounds(void)
{
	int sum = 0;
	int i;

	for (i = 0; i < 8; i++)
		sum += READ_ONCE(seen[i]);
	return sum;
}

static struct task_struct *__init start(int (*function)(void *),
					const char *name)
{
	struct task_struct *thread = kthread_create(function, NULL, "%s", name);

	if (!IS_ERR(thread)) {
		get_task_struct(thread);
		wake_up_process(thread);
	}
	return thread;
}

static void end(struct task_struct *thread)
{
	kthread_stop(thread);
	put_task_struct(thread);
}

static int __init park_against_stop_init(void)
{
	worker = start(works, "worker");
	if (IS_ERR(worker))
		return PTR_ERR(worker);
	keeper = start(keeps, "keeper");
	if (IS_ERR(keeper)) {
		end(worker);
		return PTR_ERR(keeper);
	}
	return 0;
}

static void __exit park_against_stop_exit(void)
{
	int sum;

	complete(&round);
	sum = sum_of_rounds();
#ifdef REPAIRED
	mutex_lock(&lock);
	WRITE_ONCE(stopping, true);
	mutex_unlock(&lock);
#else
	WRITE_ONCE(stopping, true);
#endif
	kthread_stop(worker);
	kthread_stop(keeper);
	put_task_struct(worker);
	put_task_struct(keeper);
	pr_info("sum of the rounds: %d\n", sum);
}

module_init(park_against_stop_init);
module_exit(park_against_stop_exit);

MODULE_DESCRIPTION("Racy on purpose: a thread is parked and stopped");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
