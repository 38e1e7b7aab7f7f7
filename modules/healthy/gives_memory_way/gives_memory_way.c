// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: keeps objects that it can do without, and gives them back when the kernel needs memory (a shrinker).
 */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/version.h>

#define OBJECTS 2000

struct spare {
	struct list_head entry;
	char content[1000];
};

static LIST_HEAD(spares);
static DEFINE_SPINLOCK(lock);
static unsigned long count;

static bool drop_one(void)
{
	struct spare *spare;

	spin_lock(&lock);
	spare = list_first_entry_or_null(&spares, struct spare, entry);
	if (spare) {
		list_del(&spare->entry);
		if (--count == 0)
			pr_info("gives_memory_way: gave everything\n");
	}
	spin_unlock(&lock);
	kfree(spare);
	return spare != NULL;
}

static unsigned long count_spares(struct shrinker *shrinker, struct shrink_control *control)
{
	unsigned long there = READ_ONCE(count);

	return there ? there : SHRINK_EMPTY;
}

static unsigned long drop_spares(struct shrinker *shrinker, struct shrink_control *control)
{
	unsigned long dropped = 0;

	while (dropped < control->nr_to_scan && drop_one())
		dropped++;
	return dropped ? dropped : SHRINK_STOP;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static struct shrinker *ours;

static int begin(void)
{
	ours = shrinker_alloc(0, "gives_memory_way");
	if (!ours)
		return -ENOMEM;
	ours->count_objects = count_spares;
	ours->scan_objects = drop_spares;
	shrinker_register(ours);
	return 0;
}

static void end(void)
{
	shrinker_free(ours);
}
#else
static struct shrinker ours = {
	.count_objects = count_spares,
	.scan_objects = drop_spares,
	.seeks = DEFAULT_SEEKS,
};

static int begin(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
	return register_shrinker(&ours, "gives_memory_way");
#else
	return register_shrinker(&ours);
#endif
}

static void end(void)
{
	unregister_shrinker(&ours);
}
#endif

static int __init gives_memory_way_init(void)
{
	int error, i;

	for (i = 0; i < OBJECTS; i++) {
		struct spare *spare = kzalloc(sizeof(*spare), GFP_KERNEL);

		if (!spare)
			break;
		list_add_tail(&spare->entry, &spares);
		count++;
	}
	error = begin();
	while (error && drop_one())
		;
	return error;
}

static void __exit gives_memory_way_exit(void)
{
	end();
	while (drop_one())
		;
}

module_init(gives_memory_way_init);
module_exit(gives_memory_way_exit);

MODULE_DESCRIPTION("Healthy: a shrinker");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
