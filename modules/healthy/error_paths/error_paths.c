// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: ways to undo what has been done when a later call fails, one for
 * each value of its parameter. Its twin of modules/faulty/error_paths gets each
 * of them wrong.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#define LINE 5 /* an ISA line that no device of the guest has */

static char *kind = "nothing";
module_param(kind, charp, 0);

static int *first, *second;
static struct task_struct *thread;
static struct workqueue_struct *queue;
static DEFINE_MUTEX(lock);

static void nothing(void)
{
}

static int runs(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static irqreturn_t comes(int line, void *unused)
{
	return IRQ_NONE;
}

static const struct file_operations operations = { .owner = THIS_MODULE };
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "error_paths",
	.fops = &operations,
};

static const struct proc_ops proc_operations = { .proc_lseek = noop_llseek };

static bool make_entry(void)
{
	return proc_create("error_paths", 0400, NULL, &proc_operations);
}

static void free_both(void)
{
	kfree(second);
	kfree(first);
}

static int leaks_the_first(void)
{
	first = kmalloc(100, GFP_KERNEL);
	if (!first)
		return -ENOMEM;
	second = kmalloc(200, GFP_KERNEL);
	if (!second) {
		kfree(first);
		return -ENOMEM;
	}
	return 0;
}

static int uses_a_null(void)
{
	first = kmalloc(sizeof(*first), GFP_KERNEL);
	if (!first)
		return -ENOMEM;
	*(volatile int *)first = 1;
	return 0;
}

static int measures_a_null(void)
{
	char *text = kasprintf(GFP_KERNEL, "%s", kind);

	if (!text)
		return -ENOMEM;
	pr_info("%zu characters\n", strlen(text));
	kfree(text);
	return 0;
}

static int takes_back_twice(void)
{
	int error = misc_register(&device);

	if (error)
		return error;
	if (make_entry())
		return 0;
	misc_deregister(&device);
	return -ENOMEM;
}

static void take_back_both(void)
{
	remove_proc_entry("error_paths", NULL);
	misc_deregister(&device);
}

static int keeps_the_thread(void)
{
	thread = kthread_run(runs, NULL, "error_paths");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	if (make_entry())
		return 0;
	kthread_stop(thread);
	return -ENOMEM;
}

static void stop_thread_and_entry(void)
{
	remove_proc_entry("error_paths", NULL);
	kthread_stop(thread);
}

static int keeps_the_interrupt(void)
{
	int error = request_irq(LINE, comes, 0, "error_paths", NULL);

	if (error)
		return error;
	if (make_entry())
		return 0;
	free_irq(LINE, NULL);
	return -ENOMEM;
}

static void free_interrupt_and_entry(void)
{
	remove_proc_entry("error_paths", NULL);
	free_irq(LINE, NULL);
}

static int keeps_the_entry(void)
{
	if (!make_entry())
		return -ENOMEM;
	first = kmalloc(sizeof(*first), GFP_KERNEL);
	if (first)
		return 0;
	remove_proc_entry("error_paths", NULL);
	return -ENOMEM;
}

static void free_entry(void)
{
	kfree(first);
	remove_proc_entry("error_paths", NULL);
}

static int returns_another_error(void)
{
	first = kmalloc(sizeof(*first), GFP_KERNEL);
	return first ? 0 : -ENOMEM;
}

static int ignores_the_error(void)
{
	return misc_register(&device);
}

static void deregister(void)
{
	misc_deregister(&device);
}

static int jumps_to_the_wrong_label(void)
{
	int error = -ENOMEM;

	queue = alloc_workqueue("error_paths", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!queue)
		return error;
	first = kmalloc(sizeof(*first), GFP_KERNEL);
	if (!first)
		goto out_queue;
	if (make_entry())
		return 0;
	kfree(first);
out_queue:
	destroy_workqueue(queue);
	return error;
}

static void destroy_queue(void)
{
	remove_proc_entry("error_paths", NULL);
	kfree(first);
	destroy_workqueue(queue);
}

static int stops_what_never_ran(void)
{
	int error = -ENOMEM;

	first = kmalloc(sizeof(*first), GFP_KERNEL);
	if (!first)
		return error;
	thread = kthread_run(runs, NULL, "error_paths");
	if (IS_ERR(thread)) {
		error = PTR_ERR(thread);
		goto out;
	}
	if (make_entry())
		return 0;
	kthread_stop(thread);
out:
	kfree(first);
	return error;
}

static void stop_all(void)
{
	stop_thread_and_entry();
	kfree(first);
}

static int forgets_an_error_pointer(void)
{
	thread = kthread_create(runs, NULL, "error_paths");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	wake_up_process(thread);
	return 0;
}

static void stop_thread(void)
{
	kthread_stop(thread);
}

/* Writing to its parameter takes the lock and allocates. */
static int written(const char *value, const struct kernel_param *unused)
{
	void *copy;

	mutex_lock(&lock);
	copy = kmalloc(strlen(value) + 1, GFP_KERNEL);
	if (!copy) {
		mutex_unlock(&lock);
		return -ENOMEM;
	}
	kfree(copy);
	mutex_unlock(&lock);
	return 0;
}

static const struct kernel_param_ops written_ops = { .set = written };
module_param_cb(text, &written_ops, NULL, 0200);

static int does_nothing(void)
{
	return 0;
}

static const struct {
	const char *name;
	int (*start)(void);
	void (*stop)(void);
} kinds[] = {
	{ "leaks_the_first", leaks_the_first, free_both },
	{ "uses_a_null", uses_a_null, free_both },
	{ "measures_a_null", measures_a_null, nothing },
	{ "takes_back_twice", takes_back_twice, take_back_both },
	{ "keeps_the_thread", keeps_the_thread, stop_thread_and_entry },
	{ "keeps_the_interrupt", keeps_the_interrupt, free_interrupt_and_entry },
	{ "keeps_the_entry", keeps_the_entry, free_entry },
	{ "returns_another_error", returns_another_error, free_both },
	{ "ignores_the_error", ignores_the_error, deregister },
	{ "jumps_to_the_wrong_label", jumps_to_the_wrong_label, destroy_queue },
	{ "stops_what_never_ran", stops_what_never_ran, stop_all },
	{ "forgets_an_error_pointer", forgets_an_error_pointer, stop_thread },
	{ "keeps_the_lock", does_nothing, nothing },
};

static void (*stop)(void) = nothing;

static int __init error_paths_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, kind))
			continue;
		stop = kinds[i].stop;
		return kinds[i].start();
	}
	return 0;
}

static void __exit error_paths_exit(void)
{
	stop();
}

module_init(error_paths_init);
module_exit(error_paths_exit);

MODULE_DESCRIPTION("Healthy: undoes what has been done when a call fails");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
