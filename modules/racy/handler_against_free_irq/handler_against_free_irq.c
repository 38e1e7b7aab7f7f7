// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Racy on purpose: a thread owns an interrupt and the buffer of its handler.
 * When it is stopped, it frees the buffer before the interrupt. The handler
 * looks whether there is a buffer.
 *
 * A last interrupt arrives on CPU 0 when the thread is being stopped. The
 * handler has seen that there is a buffer. Before it has filled it, the
 * thread, on another CPU, removes the buffer. The handler writes through a
 * NULL pointer.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#define VALUES 8

static int irq = 7;
module_param(irq, int, 0444);
static struct task_struct *owner;
static int *buffer;
static int count;

static irqreturn_t handles(int number, void *device)
{
	int i;

	if (!READ_ONCE(buffer))
		return IRQ_HANDLED;
	for (i = 0; i < VALUES; i++)
		READ_ONCE(buffer)[i] = number;
	WRITE_ONCE(count, count + 1);
	return IRQ_HANDLED;
}

static int sum_of_values(void)
{
	int sum = 0;
	int i;

	for (i = 0; i < VALUES; i++)
		sum += READ_ONCE(buffer[i]);
	return sum;
}

static void free_buffer(void)
{
	int *gone = buffer;

	WRITE_ONCE(buffer, NULL);
	kfree(gone);
}

static int owns(void *unused)
{
	int sum;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	if (irq_inject_interrupt(irq) != 0)
		pr_err("no interrupt\n");
	sum = sum_of_values();
#ifdef REPAIRED
	free_irq(irq, &buffer);
	free_buffer();
#else
	free_buffer();
	free_irq(irq, &buffer);
#endif
	return sum;
}

static int __init handler_against_free_irq_init(void)
{
	int error;

	buffer = kcalloc(VALUES, sizeof(*buffer), GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	error = request_irq(irq, handles, 0, "racy", &buffer);
	if (error)
		goto no_irq;
	owner = kthread_create(owns, NULL, "owner");
	if (IS_ERR(owner)) {
		error = PTR_ERR(owner);
		goto no_thread;
	}
	kthread_bind(owner, num_online_cpus() - 1);
	wake_up_process(owner);
	return 0;

no_thread:
	free_irq(irq, &buffer);
no_irq:
	free_buffer();
	return error;
}

static void __exit handler_against_free_irq_exit(void)
{
	int sum = kthread_stop(owner);

	pr_info("the sum is %d after %d interrupts\n", sum, count);
}

module_init(handler_against_free_irq_init);
module_exit(handler_against_free_irq_exit);

MODULE_DESCRIPTION("Racy on purpose: an interrupt handler can lose its buffer");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
