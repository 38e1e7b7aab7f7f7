// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: a device whose calls do not do what a plan expects. The ioctl adds one too little, the mapping has
 * no memory behind its second page, poll() reports a hangup where data should come, read() never ends, and the
 * device's thread has another policy than it should have.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define CALLS_ADD _IOWR('w', 1, __u32)

static DECLARE_WAIT_QUEUE_HEAD(nothing_comes);
static struct task_struct *thread;
static struct page *page;

static long calls_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	u32 number;

	if (request != CALLS_ADD)
		return -ENOTTY;
	if (get_user(number, (u32 __user *)argument))
		return -EFAULT;
	return put_user(number + 9, (u32 __user *)argument);
}

static vm_fault_t calls_fault(struct vm_fault *fault)
{
	if (fault->pgoff != 0)
		return VM_FAULT_SIGBUS;
	get_page(page);
	fault->page = page;
	return 0;
}

static const struct vm_operations_struct calls_area = {
	.fault = calls_fault,
};

static int calls_mmap(struct file *file, struct vm_area_struct *area)
{
	area->vm_ops = &calls_area;
	return 0;
}

static __poll_t calls_poll(struct file *file, poll_table *table)
{
	return EPOLLHUP;
}

static ssize_t calls_read(struct file *file, char __user *to, size_t size, loff_t *place)
{
	return wait_event_interruptible(nothing_comes, false);
}

static const struct file_operations calls_operations = {
	.owner = THIS_MODULE,
	.read = calls_read,
	.unlocked_ioctl = calls_ioctl,
	.mmap = calls_mmap,
	.poll = calls_poll,
};

static struct miscdevice calls_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "wrong_calls",
	.fops = &calls_operations,
};

static int wait_for_end(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init wrong_calls_init(void)
{
	int error;

	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	thread = kthread_run(wait_for_end, NULL, "wrong_calls");
	if (IS_ERR(thread)) {
		error = PTR_ERR(thread);
		goto free_page;
	}
	sched_set_fifo_low(thread);
	error = misc_register(&calls_device);
	if (error)
		goto stop_thread;
	return 0;

stop_thread:
	kthread_stop(thread);
free_page:
	__free_page(page);
	return error;
}

static void __exit wrong_calls_exit(void)
{
	misc_deregister(&calls_device);
	kthread_stop(thread);
	__free_page(page);
}

module_init(wrong_calls_init);
module_exit(wrong_calls_exit);

MODULE_DESCRIPTION("Faulty on purpose: a device whose calls do not do what they should");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
