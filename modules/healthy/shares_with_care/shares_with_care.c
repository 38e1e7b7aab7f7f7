// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two threads share memory in the ways that the kernel allows. The parameter
 * chooses how.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define ROUNDS 40

static char *kind = "lock";
module_param(kind, charp, 0444);

struct item {
	struct list_head in_list;
	struct rcu_head rcu;
	refcount_t users;
	int key;
	int value;
};

static struct task_struct *threads[2];
static struct hrtimer timer;
static struct item __rcu *current_item;
static LIST_HEAD(items);
static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(mutex);
static DEFINE_SEQLOCK(sequence);
static DEFINE_PER_CPU(int, hits);
static DECLARE_WAIT_QUEUE_HEAD(waiters);
static DECLARE_COMPLETION(filled);
static DECLARE_COMPLETION(emptied);
static atomic_t total;
static unsigned long bits;
static int count, x, y, box, flag, statistics;
static bool full;
static volatile int doorbell;
static struct {
	int color;
	volatile bool open;
} door;

static void with_lock(int number)
{
	spin_lock(&lock);
	count++;
	spin_unlock(&lock);
}

static void with_mutex(int number)
{
	mutex_lock(&mutex);
	count += number;
	mutex_unlock(&mutex);
}

static void with_marks(int number)
{
	if (number == 0)
		WRITE_ONCE(flag, READ_ONCE(flag) + 1);
	else if (READ_ONCE(flag) < 0)
		pr_info("the flag is negative\n");
}

static void with_atomics(int number)
{
	if (number == 0)
		atomic_inc(&total);
	else if (atomic_read(&total) < 0)
		atomic_set(&total, 0);
	if (number == 0)
		set_bit(3, &bits);
	else if (test_bit(3, &bits))
		clear_bit(3, &bits);
}

static void on_purpose(int number)
{
	if (number == 0)
		WRITE_ONCE(statistics, data_race(statistics) + 1);
	else if (data_race(statistics) < 0)
		pr_info("the statistics are negative\n");
}

static void with_volatile(int number)
{
	if (number == 0) {
		doorbell++;
		door.open = !door.open;
	} else if (doorbell < 0 && door.open) {
		pr_info("the door is open\n");
	}
}

static void with_sequence(int number)
{
	unsigned int begun;
	int left, right;

	if (number == 0) {
		write_seqlock(&sequence);
		x++;
		y++;
		write_sequnlock(&sequence);
		return;
	}
	do {
		begun = read_seqbegin(&sequence);
		left = x;
		right = y;
	} while (read_seqretry(&sequence, begun));
	if (left != right)
		pr_info("the point is torn\n");
}

/* What is in the box belongs to one thread at a time. */
static void in_turn(int number)
{
	if (number == 0) {
		if (smp_load_acquire(&full))
			return;
		box++;
		smp_store_release(&full, true);
	} else if (smp_load_acquire(&full)) {
		box++;
		smp_store_release(&full, false);
	}
}

static void with_completions(int number)
{
	if (number == 0) {
		box++;
		complete(&filled);
		wait_for_completion(&emptied);
	} else {
		wait_for_completion(&filled);
		box--;
		complete(&emptied);
	}
}

static void with_rcu(int number)
{
	struct item *fresh, *old;

	if (number == 1) {
		rcu_read_lock();
		old = rcu_dereference(current_item);
		if (old && old->key != old->value)
			pr_info("the item is torn\n");
		rcu_read_unlock();
		return;
	}
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return;
	fresh->key = 5;
	fresh->value = 5;
	old = rcu_replace_pointer(current_item, fresh, true);
	if (old)
		kfree_rcu(old, rcu);
}

static void with_rcu_list(int number)
{
	struct item *one, *next;

	if (number == 1) {
		rcu_read_lock();
		list_for_each_entry_rcu(one, &items, in_list)
			if (one->key != one->value)
				pr_info("the item is torn\n");
		rcu_read_unlock();
		return;
	}
	list_for_each_entry_safe(one, next, &items, in_list) {
		list_del_rcu(&one->in_list);
		kfree_rcu(one, rcu);
	}
	one = kzalloc(sizeof(*one), GFP_KERNEL);
	if (!one)
		return;
	one->key = 7;
	one->value = 7;
	list_add_rcu(&one->in_list, &items);
}

/* The last user frees the item, which is then used for something else. */
static struct item *shared_item;

static void with_references(int number)
{
	struct item *mine = NULL;

	spin_lock(&lock);
	if (!shared_item) {
		shared_item = kzalloc(sizeof(*shared_item), GFP_ATOMIC);
		if (shared_item)
			refcount_set(&shared_item->users, 2);
	} else {
		shared_item->value++;
	}
	mine = shared_item;
	if (mine && mine->value > 0)
		shared_item = NULL;
	spin_unlock(&lock);
	if (mine && refcount_dec_and_test(&mine->users)) {
		memset(mine, 0, sizeof(*mine));
		kfree(mine);
	}
}

static enum hrtimer_restart fires(struct hrtimer *timer)
{
	spin_lock(&lock);
	count++;
	spin_unlock(&lock);
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

static void with_interrupts_off(int number)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	count += number;
	spin_unlock_irqrestore(&lock, flags);
}

static void count_per_cpu(int number)
{
	int cpu, sum = 0;

	this_cpu_inc(hits);
	for_each_online_cpu(cpu)
		sum += READ_ONCE(per_cpu(hits, cpu));
	if (sum < 0)
		pr_info("the sum is negative\n");
}

static void works(struct work_struct *unused)
{
	count++;
}

static DECLARE_WORK(work, works);

/* A work that is flushed is ordered against the thread that flushes it. */
static void with_work(int number)
{
	if (number == 1)
		return;
	count++;
	schedule_work(&work);
	flush_work(&work);
	count++;
}

static void with_wait_queue(int number)
{
	if (number == 0) {
		box++;
		smp_store_release(&full, true);
		wake_up(&waiters);
		wait_event(waiters, !smp_load_acquire(&full));
	} else {
		wait_event(waiters, smp_load_acquire(&full));
		box--;
		smp_store_release(&full, false);
		wake_up(&waiters);
	}
}

static const struct {
	const char *kind;
	void (*access)(int number);
} kinds[] = {
	{ "lock", with_lock },		     { "mutex", with_mutex },
	{ "marks", with_marks },	     { "atomics", with_atomics },
	{ "on_purpose", on_purpose },	     { "volatile", with_volatile },
	{ "sequence", with_sequence },
	{ "in_turn", in_turn },		     { "completions", with_completions },
	{ "rcu", with_rcu },		     { "rcu_list", with_rcu_list },
	{ "references", with_references },   { "interrupts_off", with_interrupts_off },
	{ "per_cpu", count_per_cpu },		     { "work", with_work },
	{ "wait_queue", with_wait_queue },
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
	struct item *one, *next;
	int i;

	for (i = 0; i < 2; i++)
		if (!IS_ERR_OR_NULL(threads[i]))
			kthread_stop(threads[i]);
	hrtimer_cancel(&timer);
	flush_work(&work);
	kfree(rcu_dereference_protected(current_item, true));
	kfree(shared_item);
	list_for_each_entry_safe(one, next, &items, in_list)
		kfree(one);
	rcu_barrier();
}

static int __init shares_with_care_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			access_memory = kinds[i].access;
	if (!access_memory)
		return -EINVAL;
	set_up_timer();
	if (strcmp(kind, "interrupts_off") == 0)
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

static void __exit shares_with_care_exit(void)
{
	stop_all();
}

module_init(shares_with_care_init);
module_exit(shares_with_care_exit);

MODULE_DESCRIPTION("Two threads share memory in the ways that are allowed");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
