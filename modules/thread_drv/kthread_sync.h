/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel threads whose start and stop are synchronous
 */
#ifndef KTHREAD_SYNC_H
#define KTHREAD_SYNC_H

#include <linux/completion.h>
#include <linux/types.h>
#include <linux/wait.h>

struct task_struct;

struct sync_thread {
	struct task_struct *task;
	int (*function)(struct sync_thread *self);
	struct completion started;
	wait_queue_head_t queue;
};

/*
 * Starts a thread that calls @function. Returns when the thread runs, 0 or a
 * negative errno.
 */
int sync_thread_start(struct sync_thread *self, int (*function)(struct sync_thread *self),
		      const char *name);

/* For the thread: sleeps; returns false if it has to stop instead. */
bool sync_thread_sleep(struct sync_thread *self, unsigned long jiffies_to_sleep);

/* Ends the thread's sleep, waits for its end; returns its function's value. */
int sync_thread_stop(struct sync_thread *self);

#endif /* KTHREAD_SYNC_H */
