// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: two threads access the same memory, and nothing keeps
 * their accesses apart. The parameter chooses how. None of it has an effect
 * that the module or the kernel notices.
 */
#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/version.h>

#define ROUNDS 40

static char *kind = "count";
module_param(kind, charp, 0444);

struct item {
	u32 key;
	u8 state;
	u8 rest[11];
};

static struct task_struct *threads[2];
static struct item *item;
static struct hrtimer timer;
static DEFINE_SPINLOCK(first_lock);
static DEFINE_SPINLOCK(second_lock);
static unsigned long bits;
static int count;
static int setting;
static bool ready;

/* Two threads add without a lock. */
static void count_up(int number)
{
	count++;
}

/* The reader marks its access, the writer does not. */
static void write_plainly(int number)
{
	if (number == 0)
		setting++;
	else if (READ_ONCE(setting) < 0)
		pr_info("the setting is negative\n");
}

/* The writer marks its access, the reader does not. */
static void read_plainly(int number)
{
	if (number == 0)
		WRITE_ONCE(ready, !READ_ONCE(ready));
	else if (ready)
		cpu_relax();
}

/* Each thread has a lock of its own. */
static void take_other_lock(int number)
{
	spinlock_t *lock = number == 0 ? &first_lock : &second_lock;

	spin_lock(lock);
	item->key++;
	spin_unlock(lock);
}

/* One thread writes the whole object, the other reads a byte of it. */
static void write_all(int number)
{
	struct item fresh = { .key = number };

	if (number == 0)
		*item = fresh;
	else if (item->state > 1)
		pr_info("the state is unknown\n");
}

/* Only one of two ways to set a bit is atomic. */
static void set_bits(int number)
{
	if (number == 0)
		set_bit(1, &bits);
	else
		__set_bit(2, &bits);
}

/* The timer's handler takes the lock, the thread does not. */
static enum hrtimer_restart fires(struct hrtimer *timer)
{
	spin_lock(&first_lock);
	item->key++;
	spin_unlock(&first_lock);
	hrtimer_forward_now(timer, ns_to_ktime(500 * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static void set_up_timer(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(&timer, fires, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#else
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer.function = fires;
#endif
}

static void forget_timer(int number)
{
	if (number == 0)
		item->key += 2;
}

static const struct {
	const char *kind;
	void (*access)(int number);
} kinds[] = {
	{ "count", count_up },		 { "plain_write", write_plainly },
	{ "plain_read", read_plainly },	 { "two_locks", take_other_lock },
	{ "whole_object", write_all },	 { "bits", set_bits },
	{ "timer", forget_timer },
};

static void (*access_memory)(int number);

static int accesses(void *number)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		access_memory((long)number);
		usleep_range(200, 300);
	}
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static void stop_all(void)
{
	int i;

	for (i = 0; i < 2; i++)
		if (!IS_ERR_OR_NULL(threads[i]))
			kthread_stop(threads[i]);
	hrtimer_cancel(&timer);
	kfree(item);
}

static int __init shares_without_care_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			access_memory = kinds[i].access;
	if (!access_memory)
		return -EINVAL;
	item = kzalloc(sizeof(*item), GFP_KERNEL);
	if (!item)
		return -ENOMEM;
	set_up_timer();
	if (strcmp(kind, "timer") == 0)
		hrtimer_start(&timer, ns_to_ktime(500 * NSEC_PER_USEC), HRTIMER_MODE_REL);
	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(accesses, (void *)(long)i, "sharer/%d", i);
		if (IS_ERR(threads[i])) {
			stop_all();
			return PTR_ERR(threads[i]);
		}
		kthread_bind(threads[i], i % num_online_cpus());
	}
	for (i = 0; i < 2; i++)
		wake_up_process(threads[i]);
	return 0;
}

static void __exit shares_without_care_exit(void)
{
	stop_all();
}

module_init(shares_without_care_init);
module_exit(shares_without_care_exit);

MODULE_DESCRIPTION("Faulty on purpose: two threads share memory");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
