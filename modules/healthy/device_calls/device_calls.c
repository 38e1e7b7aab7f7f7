// SPDX-License-Identifier: GPL-2.0-or-later
// A device with all the calls that a plan can make: ioctl, mmap, poll, and a read() that waits until four readers are
// there. Its thread runs with the policy SCHED_FIFO.
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#include "device_calls.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync del_timer_sync
#endif

#define READERS 4

static DECLARE_WAIT_QUEUE_HEAD(device_wait);
static atomic_t readers;
static struct task_struct *thread;
static void *memory;
static bool is_ready;

static void get_ready(struct timer_list *timer)
{
	WRITE_ONCE(is_ready, true);
	wake_up_interruptible(&device_wait);
}
static DEFINE_TIMER(ready_timer, get_ready);

static long device_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	u32 number;

	switch (request) {
	case DEVICE_DOUBLE:
		if (copy_from_user(&number, (void __user *)argument, sizeof(number)))
			return -EFAULT;
		if (number > U32_MAX / 2)
			return -ERANGE;
		number *= 2;
		if (copy_to_user((void __user *)argument, &number, sizeof(number)))
			return -EFAULT;
		return number > 100;
	case DEVICE_READY_IN:
		WRITE_ONCE(is_ready, false);
		mod_timer(&ready_timer, jiffies + msecs_to_jiffies(argument));
		return 0;
	default:
		return -ENOTTY;
	}
}

static int device_mmap(struct file *file, struct vm_area_struct *area)
{
	return remap_vmalloc_range(area, memory, area->vm_pgoff);
}

static __poll_t device_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &device_wait, table);
	return READ_ONCE(is_ready) ? EPOLLIN | EPOLLRDNORM : 0;
}

static ssize_t device_read(struct file *file, char __user *to, size_t size, loff_t *place)
{
	atomic_inc(&readers);
	wake_up_interruptible_all(&device_wait);
	if (wait_event_interruptible(device_wait, atomic_read(&readers) >= READERS)) {
		atomic_dec(&readers);
		return -ERESTARTSYS;
	}
	if (size == 0 || put_user('x', to))
		return -EFAULT;
	return 1;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.read = device_read,
	.unlocked_ioctl = device_ioctl,
	.mmap = device_mmap,
	.poll = device_poll,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "device_calls",
	.fops = &device_operations,
};

static int wait_for_end(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init device_calls_init(void)
{
	int error = -ENOMEM;

	pr_info("device_calls: init on CPU %d\n", raw_smp_processor_id());
	memory = vmalloc_user(2 * PAGE_SIZE);
	if (!memory)
		return error;
	thread = kthread_run(wait_for_end, NULL, "device_calls");
	if (IS_ERR(thread)) {
		error = PTR_ERR(thread);
		goto free_memory;
	}
	sched_set_fifo(thread);
	error = misc_register(&device);
	if (error)
		goto stop_thread;
	return 0;

stop_thread:
	kthread_stop(thread);
free_memory:
	vfree(memory);
	return error;
}

static void __exit device_calls_exit(void)
{
	misc_deregister(&device);
	kthread_stop(thread);
	timer_delete_sync(&ready_timer);
	vfree(memory);
}

module_init(device_calls_init);
module_exit(device_calls_exit);

MODULE_DESCRIPTION("Healthy: ioctl, mmap, poll and several readers at once");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
