// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a consumer takes items, and sleeps when there are none. A
 * flag says that it has been woken and need not be woken again. It clears the
 * flag after it has taken all items, instead of before.
 *
 * The consumer has seen that there is no item left. Before it clears the flag,
 * the producer adds an item, looks at the flag, and does not wake the
 * consumer. The consumer clears the flag and sleeps, and the item stays.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/smp.h>

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);
static bool woken = true;
static atomic_t items = ATOMIC_INIT(1);
static int taken;

static void take_items(void)
{
	while (atomic_add_unless(&items, -1, 0))
		WRITE_ONCE(taken, taken + 1);
}

static int consumes(void *unused)
{
	for (;;) {
#ifdef REPAIRED
		xchg(&woken, false);
		take_items();
#else
		take_items();
		xchg(&woken, false);
#endif
		if (taken == 2)
			break;
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (!READ_ONCE(woken))
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	complete(&ended);
	return 0;
}

static int produces(void *unused)
{
	atomic_inc(&items);
	if (!xchg(&woken, true))
		wake_up_process(threads[0]);
	complete(&ended);
	return 0;
}

static int (*const functions[])(void *) = { consumes, produces };

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

static int __init flag_cleared_late_init(void)
{
	int cpu = raw_smp_processor_id();
	int i;

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

static void __exit flag_cleared_late_exit(void)
{
	stop_threads();
}

module_init(flag_cleared_late_init);
module_exit(flag_cleared_late_exit);

MODULE_DESCRIPTION("Racy on purpose: an item can stay in the queue");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
