// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a writer moves a point along a line, so that both of its
 * coordinates are always equal. A sequence lock protects the point, but the
 * reader does not read again when the point was written meanwhile.
 *
 * The reader has read the first coordinate. Before it reads the second one,
 * the writer changes both. The reader has one coordinate of each point.
 */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/seqlock.h>
#include <linux/smp.h>

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);
static DEFINE_SEQLOCK(lock);
static struct {
	int x;
	int y;
} point;

static int writes(void *unused)
{
	int i;

	for (i = 1; i <= 4; i++) {
		write_seqlock(&lock);
		WRITE_ONCE(point.x, i);
		WRITE_ONCE(point.y, i);
		write_sequnlock(&lock);
	}
	complete(&ended);
	return 0;
}

static bool must_read_again(unsigned int sequence)
{
#ifdef REPAIRED
	return read_seqretry(&lock, sequence);
#else
	return false;
#endif
}

static void read_point(int *x, int *y)
{
	unsigned int sequence;

	do {
		sequence = read_seqbegin(&lock);
		*x = READ_ONCE(point.x);
		*y = READ_ONCE(point.y);
	} while (must_read_again(sequence));
}

static int reads(void *unused)
{
	int i, x, y;

	for (i = 0; i < 4; i++) {
		read_point(&x, &y);
		WARN_ONCE(x != y, "the point is torn: %d, %d\n", x, y);
	}
	complete(&ended);
	return 0;
}

static int (*const functions[])(void *) = { reads, writes };

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

static int __init torn_read_init(void)
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

static void __exit torn_read_exit(void)
{
	stop_threads();
}

module_init(torn_read_init);
module_exit(torn_read_exit);

MODULE_DESCRIPTION("Racy on purpose: a read can be torn");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
