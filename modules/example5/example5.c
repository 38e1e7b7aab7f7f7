// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * example5 - a kernel thread counts seconds, /proc/example5 shows the count
 */
#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define ENTRY_NAME "example5"

static struct task_struct *thread;
static struct proc_dir_entry *entry;
/* Written only by the thread, read by all readers of the entry. */
static unsigned long counter;

static int count_seconds(void *unused)
{
	while (!kthread_should_stop()) {
		ssleep(1);
		WRITE_ONCE(counter, counter + 1);
	}
	return 0;
}

static int show_counter(struct seq_file *file, void *unused)
{
	seq_printf(file, "%lu\n", READ_ONCE(counter));
	return 0;
}

static int __init example5_init(void)
{
	thread = kthread_run(count_seconds, NULL, "example5");
	if (IS_ERR(thread)) {
		pr_err("example5: cannot create the thread (%ld)\n", PTR_ERR(thread));
		return PTR_ERR(thread);
	}

	/* Last, because reads can arrive from here on. */
	entry = proc_create_single(ENTRY_NAME, 0444, NULL, show_counter);
	if (!entry) {
		pr_err("example5: cannot create /proc/" ENTRY_NAME "\n");
		kthread_stop(thread);
		return -ENOMEM;
	}
	pr_info("example5: counting in /proc/" ENTRY_NAME "\n");
	return 0;
}

static void __exit example5_exit(void)
{
	/*
	 * The reverse order of init: proc_remove() hides the entry, waits for
	 * the reads in progress and closes the files that are still open.
	 * Afterwards show_counter() cannot be called any more.
	 */
	proc_remove(entry);
	kthread_stop(thread);
	pr_info("example5: stopped at %lu\n", counter);
}

module_init(example5_init);
module_exit(example5_exit);

MODULE_DESCRIPTION("A kernel thread that counts seconds, shown in /proc/example5");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
