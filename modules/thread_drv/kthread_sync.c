// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernel threads whose start and stop are synchronous
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "kthread_sync.h"

static int run_thread(void *data)
{
	struct sync_thread *self = data;

	complete(&self->started);
	return self->function(self);
}

int sync_thread_start(struct sync_thread *self, int (*function)(struct sync_thread *self),
		      const char *name)
{
	struct task_struct *task;

	self->function = function;
	init_completion(&self->started);
	init_waitqueue_head(&self->queue);

	task = kthread_run(run_thread, self, "%s", name);
	if (IS_ERR(task))
		return PTR_ERR(task);
	self->task = task;
	wait_for_completion(&self->started);
	return 0;
}

bool sync_thread_sleep(struct sync_thread *self, unsigned long jiffies_to_sleep)
{
	/* No signal can arrive: kthreads ignore all of them. */
	wait_event_interruptible_timeout(self->queue, kthread_should_stop(), jiffies_to_sleep);
	return !kthread_should_stop();
}

int sync_thread_stop(struct sync_thread *self)
{
	/*
	 * Wakes the thread and waits for a completion that the kernel signals
	 * when the task exits, thus after its last instruction in this module.
	 */
	int result = kthread_stop(self->task);

	self->task = NULL;
	return result;
}
