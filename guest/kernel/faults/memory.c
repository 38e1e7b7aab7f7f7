// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What modules under test allocate, and who frees it. Memory of slab caches: by
 * the kernel's own tracepoints, which have the place that allocates. All other
 * memory: see allocators.c.
 *
 * An object that was freed is remembered until it is allocated again. If
 * a module under test frees it meanwhile, it frees it twice.
 */
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <trace/events/kmem.h>

#include "faults.h"

#define MOST_OBJECTS 16384
#define MOST_FREED 4096 /* objects that were freed and not allocated again */
#define MOST_TWICE 16
#define TABLE_BITS 12

/* Its address is inverted, so that nothing here looks like a pointer to it. */
struct object {
	struct hlist_node node;
	bool is_slab; /* its address and size are those of an object of a slab cache */
	unsigned long inverted;
	size_t size;
	unsigned int load;
	unsigned short place;
	unsigned short freed_at;
	bool freed;
};

/* A second free: of what, and where. */
struct twice {
	size_t size;
	unsigned short place, first, second;
};

/* A free of an address behind the beginning of an object. */
struct inner {
	size_t offset, size;
	unsigned short place, freed_at;
};

static struct object *objects;
static struct hlist_head table[1 << TABLE_BITS];
static struct hlist_head unused;
static unsigned long tracked;
static struct object *freed[MOST_FREED]; /* a ring: the oldest is forgotten first */
static unsigned long freed_count;
static struct twice twice[MOST_TWICE];
static unsigned int twice_count;
static struct inner inner[MOST_TWICE];
static unsigned int inner_count;
static const char of_kmalloc[] = "kmalloc", of_cache[] = "kmem_cache_alloc";
static DEFINE_RAW_SPINLOCK(lock);

static struct hlist_head *bucket_of(const void *pointer)
{
	return &table[hash_ptr(pointer, TABLE_BITS)];
}

static struct object *find_object(const void *pointer)
{
	struct object *object;

	hlist_for_each_entry(object, bucket_of(pointer), node)
		if (object->inverted == ~(unsigned long)pointer)
			return object;
	return NULL;
}

static void drop(struct object *object)
{
	hlist_del(&object->node);
	object->load = 0;
	object->freed = false;
	hlist_add_head(&object->node, &unused);
	WRITE_ONCE(tracked, tracked - 1);
}

static bool may_be_known(const void *pointer)
{
	return READ_ONCE(tracked) && !hlist_empty(bucket_of(pointer));
}

void forget(const void *pointer)
{
	struct object *object;
	unsigned long flags;

	if (!may_be_known(pointer))
		return;
	fault_lock(&lock, flags);
	object = find_object(pointer);
	if (object)
		drop(object);
	fault_unlock(&lock, flags);
}

void track(unsigned long caller, const void *pointer, size_t size, const char *symbol)
{
	unsigned int load = pointer ? find_load(caller) : 0;
	struct object *object;
	unsigned short place;
	unsigned long flags;

	/* An object that was freed and is allocated again is a new one. */
	forget(pointer);
	if (!load)
		return;
	place = find_place(caller, symbol);
	fault_lock(&lock, flags);
	object = hlist_entry_safe(unused.first, struct object, node);
	if (object) {
		hlist_del(&object->node);
		object->inverted = ~(unsigned long)pointer;
		object->size = size;
		object->load = load;
		object->place = place;
		object->is_slab = symbol == of_kmalloc || symbol == of_cache;
		hlist_add_head(&object->node, bucket_of(pointer));
		WRITE_ONCE(tracked, tracked + 1);
	}
	fault_unlock(&lock, flags);
}

static void remember_freed(struct object *object, unsigned short place)
{
	struct object **slot = &freed[freed_count++ % MOST_FREED];

	if (*slot && (*slot)->freed)
		drop(*slot);
	*slot = object;
	object->freed = true;
	object->freed_at = place;
}

/* Searches all: a module rarely frees what the kernel has allocated for it. */
static void note_inner(unsigned long freed, unsigned short place)
{
	int i;

	for (i = 0; i < MOST_OBJECTS && inner_count < MOST_TWICE; i++) {
		struct object *object = &objects[i];
		unsigned long offset = freed - ~object->inverted;

		if (!object->load || object->freed || !object->is_slab || !offset || offset >= object->size)
			continue;
		inner[inner_count++] = (struct inner){
			.offset = offset, .size = object->size, .place = object->place, .freed_at = place,
		};
		drop(object);
		return;
	}
}

/* A free that the tracepoints show: of an object that can be allocated again from then on. */
static void free_object(unsigned long caller, const void *pointer, const char *symbol)
{
	unsigned short place = MOST_PLACES;
	struct object *object;
	unsigned long flags;
	bool by_module;

	if (!pointer || !READ_ONCE(tracked))
		return;
	by_module = find_load(caller);
	if (!by_module && !may_be_known(pointer))
		return;
	if (by_module)
		place = find_place(caller, symbol);
	fault_lock(&lock, flags);
	object = find_object(pointer);
	if (object && !object->freed)
		remember_freed(object, place);
	else if (!object && by_module)
		note_inner((unsigned long)pointer, place);
	else if (by_module && twice_count < MOST_TWICE)
		twice[twice_count++] = (struct twice){
			.size = object->size, .place = object->place, .first = object->freed_at, .second = place,
		};
	fault_unlock(&lock, flags);
}

/* The tracepoints have had three forms. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
static void on_kmalloc(void *unused_data, unsigned long caller, const void *pointer, size_t asked, size_t given,
		       gfp_t flags, int node)
{
	track(caller, pointer, asked, of_kmalloc);
}

static void on_cache_alloc(void *unused_data, unsigned long caller, const void *pointer, struct kmem_cache *cache,
			   gfp_t flags, int node)
{
	track(caller, pointer, kmem_cache_size(cache), of_cache);
}
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
static void on_kmalloc(void *unused_data, unsigned long caller, const void *pointer, struct kmem_cache *cache,
		       size_t asked, size_t given, gfp_t flags)
{
	track(caller, pointer, asked, of_kmalloc);
}

static void on_cache_alloc(void *unused_data, unsigned long caller, const void *pointer, struct kmem_cache *cache,
			   size_t asked, size_t given, gfp_t flags)
{
	track(caller, pointer, asked, of_cache);
}
#else
static void on_kmalloc(void *unused_data, unsigned long caller, const void *pointer, size_t asked, size_t given,
		       gfp_t flags)
{
	track(caller, pointer, asked, of_kmalloc);
}

static void on_cache_alloc(void *unused_data, unsigned long caller, const void *pointer, size_t asked, size_t given,
			   gfp_t flags)
{
	track(caller, pointer, asked, of_cache);
}
#endif

static void on_free(void *unused_data, unsigned long caller, const void *pointer)
{
	free_object(caller, pointer, "kfree");
}

/* Its prototype has had more than these arguments at times. */
static void on_cache_free(void *unused_data, unsigned long caller, const void *pointer)
{
	free_object(caller, pointer, "kmem_cache_free");
}

/* Memory that is freed after a grace period, and lists of it, pass the tracepoints by. */
static int on_rcu_free(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long head = regs->di, pointer = regs->si;

	/* Before 6.4: the offset of the head, unless there is none. */
	forget((void *)(head && pointer < PAGE_SIZE ? head - pointer : pointer));
	return 0;
}
NOKPROBE_SYMBOL(on_rcu_free);

static int on_bulk_free(struct kprobe *probe, struct pt_regs *regs)
{
	size_t i, count = regs->si;
	void **pointers = (void **)regs->dx;

	for (i = 0; i < count; i++)
		forget(pointers[i]);
	return 0;
}
NOKPROBE_SYMBOL(on_bulk_free);

static struct {
	struct tracepoint *point;
	void *probe;
	bool placed;
} points[] = {
	{ &__tracepoint_kmalloc, on_kmalloc },
	{ &__tracepoint_kmem_cache_alloc, on_cache_alloc },
	{ &__tracepoint_kfree, on_free },
	{ &__tracepoint_kmem_cache_free, on_cache_free },
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
	{ &__tracepoint_kmalloc_node, on_kmalloc },
	{ &__tracepoint_kmem_cache_alloc_node, on_cache_alloc },
#endif
};

static struct kprobe frees[] = {
	{ .symbol_name = "kvfree_call_rcu", .pre_handler = on_rcu_free },
	{ .symbol_name = "kmem_cache_free_bulk", .pre_handler = on_bulk_free },
};
static int free_errors[ARRAY_SIZE(frees)];

int memory_start(void)
{
	int i;

	objects = vzalloc(MOST_OBJECTS * sizeof(*objects));
	if (!objects)
		return -ENOMEM;
	for (i = 0; i < MOST_OBJECTS; i++)
		hlist_add_head(&objects[i].node, &unused);
	return 0;
}

void memory_watch(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(frees); i++)
		free_errors[i] = register_kprobe(&frees[i]);
	allocators_watch();
	for (i = 0; i < ARRAY_SIZE(points); i++)
		points[i].placed = !tracepoint_probe_register(points[i].point, points[i].probe, NULL);
}

void memory_unwatch(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (points[i].placed)
			tracepoint_probe_unregister(points[i].point, points[i].probe, NULL);
	for (i = 0; i < ARRAY_SIZE(frees); i++)
		if (!free_errors[i])
			unregister_kprobe(&frees[i]);
	allocators_unwatch();
	tracepoint_synchronize_unregister();
}

void memory_stop(void)
{
	vfree(objects);
}

static struct {
	unsigned long count;
	size_t bytes;
} left[MOST_PLACES + 1];

/* Counts what is left by place. Returns the number of objects. */
static unsigned long count_left(void)
{
	unsigned long count = 0;
	int i;

	memset(left, 0, sizeof(left));
	for (i = 0; tracked && i < MOST_OBJECTS; i++) {
		const struct object *object = &objects[i];

		if (!object->load || object->freed || !is_gone(object->load))
			continue;
		left[object->place].count++;
		left[object->place].bytes += object->size;
		count++;
	}
	return count;
}

unsigned long memory_left(void)
{
	unsigned long flags, count;

	fault_lock(&lock, flags);
	count = count_left();
	fault_unlock(&lock, flags);
	return count;
}

unsigned int freed_wrongly(void)
{
	return READ_ONCE(twice_count) + READ_ONCE(inner_count);
}

size_t memory_lines(char *to, size_t size)
{
	unsigned long flags;
	size_t length = 0;
	unsigned int i;
	int place;

	fault_lock(&lock, flags);
	count_left();
	for (place = 0; place <= MOST_PLACES; place++)
		if (left[place].count)
			length += scnprintf(to + length, size - length, "left %lu %zu %s %s\n", left[place].count,
					    left[place].bytes, place_symbol(place), place_text(place));
	for (i = 0; i < twice_count; i++)
		length += scnprintf(to + length, size - length, "twice %zu %s %s, %s %s, %s %s\n", twice[i].size,
				    place_symbol(twice[i].second), place_text(twice[i].second),
				    place_symbol(twice[i].first), place_text(twice[i].first),
				    place_symbol(twice[i].place), place_text(twice[i].place));
	for (i = 0; i < inner_count; i++)
		length += scnprintf(to + length, size - length, "inner %zu %zu %s %s, %s %s\n", inner[i].offset,
				    inner[i].size, place_symbol(inner[i].freed_at), place_text(inner[i].freed_at),
				    place_symbol(inner[i].place), place_text(inner[i].place));
	fault_unlock(&lock, flags);
	return length;
}
