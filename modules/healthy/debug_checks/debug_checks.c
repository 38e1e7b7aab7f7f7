// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does in the right way, one after the other, what modules/faulty/debug_checks
 * does wrong: no check of a debug kernel may object.
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync del_timer_sync
#endif

#define LENGTH 40 /* bytes; the slab object has 64 */

static int seen;
static int table[8];
static volatile int index = ARRAY_SIZE(table) - 1;
static volatile size_t length = LENGTH;
static DEFINE_SPINLOCK(lock);
static struct timer_list timer;

struct job {
	struct delayed_work work;
	int number;
};

static struct job __rcu *shared;

static void runs(struct work_struct *unused)
{
}

static void takes_the_lock(struct timer_list *unused)
{
	spin_lock(&lock);
	seen++;
	spin_unlock(&lock);
}

static noinline void reads_its_memory(void)
{
	u8 *object = kmalloc(length, GFP_KERNEL);

	if (!object)
		return;
	seen = READ_ONCE(object[length - 1]);
	kfree(object);
}

static noinline void reads_its_pages(void)
{
	u8 *pages = vmalloc(length);

	if (!pages)
		return;
	seen = READ_ONCE(pages[length - 1]);
	vfree(pages);
}

static noinline void reads_an_array_on_its_stack(void)
{
	u8 bytes[LENGTH];

	memset(bytes, 1, sizeof(bytes));
	seen = READ_ONCE(*(bytes + length - 1));
}

static noinline void reads_a_table(void)
{
	seen = table[index];
}

static noinline void cancels_work_that_is_due(void)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return;
	INIT_DELAYED_WORK(&job->work, runs);
	schedule_delayed_work(&job->work, 10 * HZ);
	cancel_delayed_work_sync(&job->work);
	kfree(job);
}

static noinline void keeps_a_timer_from_its_lock(void)
{
	spin_lock_bh(&lock);
	seen++;
	spin_unlock_bh(&lock);
	timer_setup(&timer, takes_the_lock, 0);
	mod_timer(&timer, jiffies + 1);
	while (timer_pending(&timer))
		cond_resched();
	/* Its handler can still be running on another CPU. */
	timer_delete_sync(&timer);
}

static noinline void reads_a_pointer_with_rcu(void)
{
	struct job *job;

	rcu_read_lock();
	job = rcu_dereference(shared);
	if (job)
		seen = job->number;
	rcu_read_unlock();
}

static noinline void stays_on_a_cpu(void)
{
	seen = get_cpu();
	put_cpu();
}

static int __init debug_checks_init(void)
{
	reads_its_memory();
	reads_its_pages();
	reads_an_array_on_its_stack();
	reads_a_table();
	cancels_work_that_is_due();
	keeps_a_timer_from_its_lock();
	reads_a_pointer_with_rcu();
	stays_on_a_cpu();
	return 0;
}

static void __exit debug_checks_exit(void)
{
	timer_delete_sync(&timer);
}

module_init(debug_checks_init);
module_exit(debug_checks_exit);

MODULE_DESCRIPTION("Does right what only a debug kernel would object to");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
