// SPDX-License-Identifier: GPL-2.0
/* A thread that counts on one CPU; /proc/ticker shows the current count. */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

static unsigned int cpu;
module_param(cpu, uint, 0444);
MODULE_PARM_DESC(cpu, "CPU that the thread is bound to");

static unsigned int period_ms = 100;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "milliseconds from one tick to the next");

static struct task_struct *thread;
static atomic_t ticks = ATOMIC_INIT(0);

static int tick(void *unused)
{
	pr_info("ticker: started on CPU %u\n", cpu);
	while (!kthread_should_stop()) {
		msleep_interruptible(period_ms);
		atomic_inc(&ticks);
	}
	return 0;
}

static int ticker_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "%d\n", atomic_read(&ticks));
	return 0;
}

static int ticker_open(struct inode *inode, struct file *file)
{
	return single_open(file, ticker_show, NULL);
}

/* Only "reset" can be written. */
static ssize_t ticker_write(struct file *file, const char __user *from,
			    size_t size, loff_t *offset)
{
	char word[8] = "";

	if (size == 0 || size >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, from, size))
		return -EFAULT;
	if (strcmp(strim(word), "reset") != 0)
		return -EINVAL;
	atomic_set(&ticks, 0);
	pr_info("ticker: reset\n");
	return size;
}

static const struct proc_ops ticker_ops = {
	.proc_open = ticker_open,
	.proc_read = seq_read,
	.proc_write = ticker_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int __init ticker_init(void)
{
	if (cpu >= nr_cpu_ids || !cpu_online(cpu)) {
		pr_err("ticker: there is no CPU %u\n", cpu);
		return -EINVAL;
	}
	if (!proc_create("ticker", 0600, NULL, &ticker_ops))
		return -ENOMEM;
	thread = kthread_create(tick, NULL, "ticker/%u", cpu);
	if (IS_ERR(thread)) {
		remove_proc_entry("ticker", NULL);
		return PTR_ERR(thread);
	}
	kthread_bind(thread, cpu);
	wake_up_process(thread);
	return 0;
}

static void __exit ticker_exit(void)
{
	kthread_stop(thread);
	remove_proc_entry("ticker", NULL);
	pr_info("ticker: stopped after %d ticks\n", atomic_read(&ticks));
}

module_init(ticker_init);
module_exit(ticker_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Counts on one CPU");
