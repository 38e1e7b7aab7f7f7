// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a sender hands a message to a receiver. Each of the two has
 * a reference to it. The sender drops its own one, and reads the message after
 * that.
 *
 * The sender has dropped its reference. Before it reads the message, the
 * receiver drops the other one, which frees the message. The sender uses a
 * freed message, whose text is gone.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/smp.h>

struct message {
	refcount_t references;
	char *text;
};

static struct task_struct *threads[2];
static DECLARE_COMPLETION(ended);
static DECLARE_COMPLETION(sent);
static struct message *message;
static int letters;

static void put_message(struct message *dropped)
{
	if (!refcount_dec_and_test(&dropped->references))
		return;
	kfree(dropped->text);
	WRITE_ONCE(dropped->text, NULL);
	kfree(dropped);
}

static int sends(void *unused)
{
	struct message *mine = message;

	complete(&sent);
#ifdef REPAIRED
	letters += READ_ONCE(mine->text)[0] != 0;
	put_message(mine);
#else
	put_message(mine);
	letters += READ_ONCE(mine->text)[0] != 0;
#endif
	complete(&ended);
	return 0;
}

static int receives(void *unused)
{
	wait_for_completion(&sent);
	put_message(message);
	complete(&ended);
	return 0;
}

static int __init make_message(void)
{
	message = kzalloc(sizeof(*message), GFP_KERNEL);
	if (!message)
		return -ENOMEM;
	message->text = kstrdup("hello", GFP_KERNEL);
	if (!message->text) {
		kfree(message);
		return -ENOMEM;
	}
	refcount_set(&message->references, 2);
	return 0;
}

static int (*const functions[])(void *) = { sends, receives };

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

static int __init reference_dropped_early_init(void)
{
	int cpu = raw_smp_processor_id();
	int i;

	if (make_message() != 0)
		return -ENOMEM;
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

static void __exit reference_dropped_early_exit(void)
{
	stop_threads();
}

module_init(reference_dropped_early_init);
module_exit(reference_dropped_early_exit);

MODULE_DESCRIPTION("Racy on purpose: a message can be used after it is freed");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
