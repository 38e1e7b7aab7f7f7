// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a client asks a server twice, and uses one completion for
 * both answers. It prepares the completion for the next answer after the
 * request instead of before it.
 *
 * The client has sent a request. Before it resets the completion, the server
 * answers and completes it. The client resets the completion, and waits
 * indefinitely for the answer that has already arrived.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/smp.h>

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);
static DECLARE_COMPLETION(asked);
static DECLARE_COMPLETION(answered);
static int question;
static int answer;

static void ask(int number)
{
#ifdef REPAIRED
	reinit_completion(&answered);
#endif
	question = number;
	complete(&asked);
#ifndef REPAIRED
	reinit_completion(&answered);
#endif
	wait_for_completion(&answered);
}

static int asks(void *unused)
{
	ask(1);
	ask(2);
	complete(&ended);
	return 0;
}

static int answers(void *unused)
{
	int i;

	for (i = 0; i < 2; i++) {
		wait_for_completion(&asked);
		answer = question * 2;
		complete(&answered);
	}
	complete(&ended);
	return 0;
}

static int (*const functions[])(void *) = { asks, answers };

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

static int __init completion_reused_init(void)
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

static void __exit completion_reused_exit(void)
{
	stop_threads();
}

module_init(completion_reused_init);
module_exit(completion_reused_exit);

MODULE_DESCRIPTION("Racy on purpose: an answer can be forgotten");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
