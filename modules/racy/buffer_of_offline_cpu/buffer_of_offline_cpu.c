// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: each CPU has a buffer, which is freed when the CPU goes
 * offline. Before that, the CPU asks a thread on another CPU to collect what
 * is in all buffers. It looks whether a buffer exists, but does not keep the
 * CPU from going.
 *
 * The thread has seen that the buffer exists. Before it has read all of it,
 * the buffer of the CPU that goes offline is freed and its pointer removed.
 * The thread reads through a NULL pointer.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#define VALUES 8

static DEFINE_PER_CPU(int *, buffers);
static DECLARE_COMPLETION(wanted);
static DEFINE_MUTEX(lock);
static struct task_struct *collector;
static bool leaving;
static int state;
static int total;

static void take(int cpu)
{
	int i;

	if (!READ_ONCE(per_cpu(buffers, cpu)))
		return;
	for (i = 0; i < VALUES; i++)
		total += READ_ONCE(per_cpu(buffers, cpu))[i];
}

static void collect(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
#ifdef REPAIRED
		mutex_lock(&lock);
		take(cpu);
		mutex_unlock(&lock);
#else
		take(cpu);
#endif
	}
}

static int collects(void *unused)
{
	for (;;) {
		wait_for_completion(&wanted);
		if (READ_ONCE(leaving))
			break;
		collect();
	}
	return 0;
}

static int comes_online(unsigned int cpu)
{
	int *made = kcalloc(VALUES, sizeof(*made), GFP_KERNEL);

	if (!made)
		return -ENOMEM;
	mutex_lock(&lock);
	WRITE_ONCE(per_cpu(buffers, cpu), made);
	mutex_unlock(&lock);
	return 0;
}

static void clear(int *values)
{
	int i;

	for (i = 0; i < VALUES; i++)
		WRITE_ONCE(values[i], 0);
}

static int goes_offline(unsigned int cpu)
{
	int *gone = per_cpu(buffers, cpu);

	complete(&wanted);
	clear(gone);
	mutex_lock(&lock);
	WRITE_ONCE(per_cpu(buffers, cpu), NULL);
	mutex_unlock(&lock);
	kfree(gone);
	return 0;
}

static void end_collector(void)
{
	WRITE_ONCE(leaving, true);
	complete(&wanted);
	kthread_stop(collector);
	put_task_struct(collector);
}

static int __init buffer_of_offline_cpu_init(void)
{
	collector = kthread_create(collects, NULL, "collector");
	if (IS_ERR(collector))
		return PTR_ERR(collector);
	get_task_struct(collector);
	wake_up_process(collector);
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "racy:online",
				  comes_online, goes_offline);
	if (state < 0) {
		end_collector();
		return state;
	}
	return 0;
}

static void __exit buffer_of_offline_cpu_exit(void)
{
	cpuhp_remove_state(state);
	end_collector();
}

module_init(buffer_of_offline_cpu_init);
module_exit(buffer_of_offline_cpu_exit);

MODULE_DESCRIPTION("Racy on purpose: a buffer can go while it is used");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
