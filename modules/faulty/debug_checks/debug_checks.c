// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: does something that has no visible effect, and that only
 * a kernel with the checks of a debug kernel detects. The parameter names
 * what. modules/healthy/debug_checks does the same in the right way.
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

static char *kind = "nothing";
module_param(kind, charp, 0);

static int seen;
static int table[8];
static volatile int index = ARRAY_SIZE(table);
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

/* KASAN: the object is longer, so nothing else is there. */
static noinline void reads_past_its_memory(void)
{
	u8 *object = kmalloc(length, GFP_KERNEL);

	if (!object)
		return;
	seen = READ_ONCE(object[length]);
	kfree(object);
}

/* KASAN with vmalloc: the page has more than was asked for. */
static noinline void reads_past_its_pages(void)
{
	u8 *pages = vmalloc(length);

	if (!pages)
		return;
	seen = READ_ONCE(pages[length + 8]);
	vfree(pages);
}

/* KASAN of stacks. */
static noinline void reads_past_an_array_on_its_stack(void)
{
	u8 bytes[LENGTH];

	memset(bytes, 1, sizeof(bytes));
	seen = READ_ONCE(*(bytes + length));
}

/* UBSAN: the word behind the table is the module's own. */
static noinline void reads_past_a_table(void)
{
	seen = table[index];
}

/* Debug objects: it happens to run in time. */
static noinline void frees_work_that_is_due(void)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return;
	INIT_DELAYED_WORK(&job->work, runs);
	schedule_delayed_work(&job->work, 10 * HZ);
	kfree(job);
}

/* Lockdep: the timer does not fire just then. */
static noinline void lets_a_timer_interrupt_its_lock(void)
{
	spin_lock(&lock);
	seen++;
	spin_unlock(&lock);
	timer_setup(&timer, takes_the_lock, 0);
	mod_timer(&timer, jiffies + 1);
	while (timer_pending(&timer))
		cond_resched();
}

/* RCU with lockdep: nobody changes the pointer. */
static noinline void reads_a_pointer_without_rcu(void)
{
	struct job *job = rcu_dereference(shared);

	if (job)
		seen = job->number;
}

/* DEBUG_PREEMPT: the task could move to another CPU in between. */
static noinline void uses_the_number_of_a_cpu(void)
{
	seen = smp_processor_id();
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "reads_past_its_memory", reads_past_its_memory },
	{ "reads_past_its_pages", reads_past_its_pages },
	{ "reads_past_an_array_on_its_stack", reads_past_an_array_on_its_stack },
	{ "reads_past_a_table", reads_past_a_table },
	{ "frees_work_that_is_due", frees_work_that_is_due },
	{ "lets_a_timer_interrupt_its_lock", lets_a_timer_interrupt_its_lock },
	{ "reads_a_pointer_without_rcu", reads_a_pointer_without_rcu },
	{ "uses_the_number_of_a_cpu", uses_the_number_of_a_cpu },
};

static int __init debug_checks_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, kind))
			kinds[i].run();
	return 0;
}

static void __exit debug_checks_exit(void)
{
	if (timer.function)
		timer_delete_sync(&timer);
}

module_init(debug_checks_init);
module_exit(debug_checks_exit);

MODULE_DESCRIPTION("Faulty on purpose: what only a debug kernel detects");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
