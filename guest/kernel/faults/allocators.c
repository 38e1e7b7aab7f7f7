// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that modules under test allocate and that is no object of a slab cache
 * of theirs: pages, vmalloc, per CPU, pools, coherent memory, network buffers,
 * objects of the kernel's own, and what its functions allocate for their
 * caller. The tracepoints of these have no place, so the functions have probes
 * of their return.
 *
 * If one of them calls another, only the call of the module counts.
 */
#include <linux/kprobes.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/version.h>

#include "allocators.h"
#include "faults.h"

#define MOST_IMPORTS 96

/* A probe takes 25 ms of the guest's time, so only what the modules under test call has one. */
static char *imports[MOST_IMPORTS];
static int import_count;
module_param_array(imports, charp, &import_count, 0);
MODULE_PARM_DESC(imports, "names of the functions that the modules under test import");

static bool is_imported(const struct allocator *allocator)
{
	int i;

	for (i = 0; i < import_count; i++)
		if (!strcmp(imports[i], allocator->name))
			return true;
	return false;
}

/* What an instance of a probe keeps from the call to its return. Inverted: nothing here may look like a pointer into a module. */
struct request {
	unsigned long inverted_caller;
	unsigned long inverted_asked;
};

static struct kretprobe returns[ARRAY_SIZE(allocators)];
static int return_errors[ARRAY_SIZE(allocators)];

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define get_kretprobe(instance) ((instance)->rp)
#endif

/* The kernel has the address already, and does not clear it when it keeps the instance for later calls. */
static void forget_return(struct kretprobe_instance *instance)
{
#ifdef CONFIG_KRETPROBE_ON_RETHOOK
	instance->node.ret_addr = 0;
#else
	instance->ret_addr = NULL;
#endif
}

static const struct allocator *allocator_of(struct kretprobe *probe)
{
	return &allocators[probe - returns];
}

static unsigned long argument_of(const struct allocator *allocator, const struct pt_regs *regs)
{
	if (allocator->argument < 0)
		return 0;
	return allocator->argument ? regs->si : regs->di;
}

/* The object can be the beginning of one that the module has allocated, which is another matter. */
static const void *key_of_filled(unsigned long object)
{
	return (const void *)(object + 1);
}

/* Returns nonzero if the return does not matter. */
static int on_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct request *request = (struct request *)instance->data;

	request->inverted_caller = ~*(unsigned long *)regs->sp;
	request->inverted_asked = ~argument_of(allocator_of(get_kretprobe(instance)), regs);
	return !context_of(~request->inverted_caller);
}
NOKPROBE_SYMBOL(on_entry);

static int on_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct allocator *allocator = allocator_of(get_kretprobe(instance));
	const struct request *request = (struct request *)instance->data;
	unsigned long caller = ~request->inverted_caller, result = regs->ax, asked = ~request->inverted_asked, done;
	const void *pointer = (const void *)result;
	size_t size = asked;

	forget_return(instance);
	if (allocator->how == FILLED) {
		if ((int)result == 0)
			track(caller, key_of_filled(asked), 0, allocator->shown);
		return 0;
	}
	if (IS_ERR_OR_NULL(pointer))
		return 0;
	switch (allocator->how) {
	case BYTES:
	case PERCPU:
	case DMA:
		break;
	case BITS:
		size = BITS_TO_LONGS(asked) * sizeof(long);
		break;
	case ORDER:
		pointer = virt_to_page(pointer);
		size = PAGE_SIZE << asked;
		break;
	case PAGES:
		size = PAGE_SIZE << asked;
		break;
	case EXACT:
		for (done = 0; done < asked; done += PAGE_SIZE)
			track(caller, virt_to_page(result + done), PAGE_SIZE, allocator->shown);
		return 0;
	case TEXT:
		size = strlen(pointer) + 1;
		break;
	case POOL:
		size = sizeof(mempool_t);
		break;
	case BUFFER:
		size = (unsigned int)asked;
		break;
	case COPY:
		size = ((const struct sk_buff *)pointer)->len;
		break;
	case OBJECT:
	case FILLED:
		size = 0; /* not known */
		break;
	}
	track(caller, pointer, size, allocator->shown);
	return 0;
}
NOKPROBE_SYMBOL(on_return);

static int on_free_of_first(struct kprobe *probe, struct pt_regs *regs)
{
	forget((void *)regs->di);
	return 0;
}
NOKPROBE_SYMBOL(on_free_of_first);

static int on_free_of_third(struct kprobe *probe, struct pt_regs *regs)
{
	forget((void *)regs->dx);
	return 0;
}
NOKPROBE_SYMBOL(on_free_of_third);

static int on_destroy(struct kprobe *probe, struct pt_regs *regs)
{
	forget((void *)regs->di);
	forget(key_of_filled(regs->di));
	return 0;
}
NOKPROBE_SYMBOL(on_destroy);

static struct kprobe destroys[ARRAY_SIZE(destroyers)];
static int destroy_errors[ARRAY_SIZE(destroyers)];

static struct {
	const char *function;
	kprobe_pre_handler_t on_call;
	enum how of;
	struct kprobe probe;
} frees[] = {
	{ .function = function_vfree, .on_call = on_free_of_first, .of = BYTES },
	{ .function = function_vfree_atomic, .on_call = on_free_of_first, .of = BYTES },
	{ .function = function_free_percpu, .on_call = on_free_of_first, .of = PERCPU },
	{ .function = function_mempool_destroy, .on_call = on_free_of_first, .of = POOL },
	{ .function = function_dma_free_attrs, .on_call = on_free_of_third, .of = DMA },
	{ .function = function___kfree_skb, .on_call = on_free_of_first, .of = BUFFER },
};
static int free_errors[ARRAY_SIZE(frees)];

/*
 * Pages go back by many ways, and all of them pass a tracepoint. Network
 * buffers pass one of two when nobody uses them any more. The kernel then keeps
 * some of them for the next one who wants a buffer.
 */
static struct tracepoint *page_free, *buffer_free, *buffer_used;

static void on_page_free(void *unused_data, struct page *page, unsigned int order)
{
	forget(page);
}

static void on_buffer_free(void *unused_data, struct sk_buff *buffer)
{
	forget(buffer);
}

static void look_at_tracepoint(struct tracepoint *point, void *unused_data)
{
	if (!strcmp(point->name, "mm_page_free"))
		page_free = point;
	if (!strcmp(point->name, "kfree_skb"))
		buffer_free = point;
	if (!strcmp(point->name, "consume_skb"))
		buffer_used = point;
}

static void place(struct tracepoint **point, void *probe, bool wanted)
{
	if (*point && (!wanted || tracepoint_probe_register(*point, probe, NULL)))
		*point = NULL;
}

static void remove_from(struct tracepoint *point, void *probe)
{
	if (point)
		tracepoint_probe_unregister(point, probe, NULL);
}

static bool is_wanted(enum how how)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		if (allocators[i].how == how && is_imported(&allocators[i]))
			return true;
	return false;
}

static bool makes_for(const struct destroyer *destroyer)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		if (!strcmp(allocators[i].shown, destroyer->of) && is_imported(&allocators[i]))
			return true;
	return false;
}

static void watch_destroyers(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(destroyers); i++) {
		destroys[i].addr = (kprobe_opcode_t *)destroyers[i].function;
		destroys[i].pre_handler = on_destroy;
		destroy_errors[i] = -ENOENT;
		if (destroyers[i].function && makes_for(&destroyers[i]))
			destroy_errors[i] = register_kprobe(&destroys[i]);
	}
}

static void watch_frees(void)
{
	bool pages = is_wanted(ORDER) || is_wanted(PAGES) || is_wanted(EXACT);
	bool buffers = is_wanted(BUFFER) || is_wanted(COPY);
	int i;

	if (pages || buffers)
		for_each_kernel_tracepoint(look_at_tracepoint, NULL);
	place(&page_free, on_page_free, pages);
	place(&buffer_free, on_buffer_free, buffers);
	place(&buffer_used, on_buffer_free, buffers);
	for (i = 0; i < ARRAY_SIZE(frees); i++) {
		frees[i].probe.addr = (kprobe_opcode_t *)frees[i].function;
		frees[i].probe.pre_handler = frees[i].on_call;
		free_errors[i] = frees[i].function && is_wanted(frees[i].of) ? register_kprobe(&frees[i].probe) : -ENOENT;
	}
}

void allocators_watch(void)
{
	int i;

	watch_frees();
	watch_destroyers();
	for (i = 0; i < ARRAY_SIZE(allocators); i++) {
		enum how how = allocators[i].how;
		bool of_buffer = how == BUFFER || how == COPY, of_page = how == ORDER || how == PAGES || how == EXACT;
		/* Without the tracepoints nobody would see that pages and buffers are freed. */
		bool sees_frees = of_page ? !!page_free : !of_buffer || (buffer_free && buffer_used);

		returns[i].kp.addr = (kprobe_opcode_t *)allocators[i].function;
		returns[i].entry_handler = on_entry;
		returns[i].handler = on_return;
		returns[i].data_size = sizeof(struct request);
		returns[i].maxactive = 64;
		return_errors[i] = -ENOENT;
		if (allocators[i].function && sees_frees && is_imported(&allocators[i]))
			return_errors[i] = register_kretprobe(&returns[i]);
	}
}

void allocators_unwatch(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		if (!return_errors[i])
			unregister_kretprobe(&returns[i]);
	for (i = 0; i < ARRAY_SIZE(frees); i++)
		if (!free_errors[i])
			unregister_kprobe(&frees[i].probe);
	for (i = 0; i < ARRAY_SIZE(destroyers); i++)
		if (!destroy_errors[i])
			unregister_kprobe(&destroys[i]);
	remove_from(page_free, on_page_free);
	remove_from(buffer_free, on_buffer_free);
	remove_from(buffer_used, on_buffer_free);
}
