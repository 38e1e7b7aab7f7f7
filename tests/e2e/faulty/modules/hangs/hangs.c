// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: hangs in the way that the parameter `how` names. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>

static char *how = "";
module_param(how, charp, 0444);

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static struct task_struct *threads[2];
static bool never;

static noinline void take_both(struct mutex *one, struct mutex *other)
{
	mutex_lock(one);
	msleep(50);
	mutex_lock(other);
	mutex_unlock(other);
	mutex_unlock(one);
}

static int takes_first(void *unused)
{
	take_both(&first, &second);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static int takes_second(void *unused)
{
	take_both(&second, &first);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Does not ask whether it should stop. */
static int deaf(void *unused)
{
	for (;;)
		msleep(1000);
	return 0;
}

/* Lets others run, but only those of its own class. */
static int greedy(void *unused)
{
	sched_set_fifo(current);
	while (!READ_ONCE(never))
		cond_resched();
	return 0;
}

static noinline void spin(void)
{
	for (;;)
		cpu_relax();
}

/* No glance at the code tells that this has no end. */
static noinline void spin_until_never(void)
{
	while (!READ_ONCE(never))
		barrier();
}

static int start(unsigned int slot, int (*function)(void *), const char *name)
{
	struct task_struct *thread = kthread_run(function, NULL, "%s", name);

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	threads[slot] = thread;
	return 0;
}

static int __init hangs_init(void)
{
	if (!strcmp(how, "abba")) {
		start(0, takes_first, "takes_first");
		start(1, takes_second, "takes_second");
	} else if (!strcmp(how, "recursive")) {
		mutex_lock(&first);
		mutex_lock(&first);
	} else if (!strcmp(how, "deaf")) {
		start(0, deaf, "deaf");
	} else if (!strcmp(how, "greedy")) {
		start(0, greedy, "greedy");
	} else if (!strcmp(how, "spin")) {
		spin();
	} else if (!strcmp(how, "spin_irqs_off")) {
		local_irq_disable();
		spin();
	} else if (!strcmp(how, "spin_until_never")) {
		spin_until_never();
	} else if (!strcmp(how, "spin_until_never_irqs_off")) {
		local_irq_disable();
		spin_until_never();
	}
	return 0;
}

static void __exit hangs_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		if (threads[i])
			kthread_stop(threads[i]);
}

module_init(hangs_init);
module_exit(hangs_exit);

MODULE_DESCRIPTION("Faulty on purpose: hangs in many ways");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
