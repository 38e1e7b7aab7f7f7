// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that modules under test allocate and that is no object of a slab cache
 * of theirs: pages, vmalloc, per CPU, pools, coherent memory, and what the
 * kernel's own functions allocate for their caller. The tracepoints of these
 * have no place, so the functions have probes of their return.
 *
 * Names differ between kernels: what a kernel lacks is left out. If one of them
 * calls another, only the call of the module counts.
 */
#include <linux/kprobes.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/version.h>

#include "faults.h"

#define MOST_IMPORTS 96

enum how {
	BYTES,	/* of vmalloc: `argument` is their number */
	BITS,	/* ... of bits */
	ORDER,	/* ... of pages as a power of two; returns their address */
	PAGES,	/* as above; returns a struct page */
	EXACT,	/* bytes, as single pages; returns their address */
	TEXT,	/* returns a string */
	PERCPU,	/* `argument` is the number of bytes */
	POOL,
	DMA,	/* as PERCPU */
};

struct allocator {
	const char *name;
	const char *function; /* NULL if the kernel has none */
	const char *shown;
	enum how how;
	int argument; /* -1: one page */
};

/* Modules can only call what is exported, so the address of each is known without a search by name. */
#define OPTIONAL(name) extern const char function_##name[] __asm__(#name) __attribute__((weak))
OPTIONAL(alloc_pages);
OPTIONAL(alloc_pages_current);
OPTIONAL(alloc_pages_noprof);
OPTIONAL(__alloc_pages);
OPTIONAL(__alloc_pages_nodemask);
OPTIONAL(__alloc_pages_noprof);
OPTIONAL(folio_alloc);
OPTIONAL(folio_alloc_noprof);
OPTIONAL(__folio_alloc);
OPTIONAL(__folio_alloc_noprof);
OPTIONAL(__get_free_pages);
OPTIONAL(get_free_pages_noprof);
OPTIONAL(get_zeroed_page);
OPTIONAL(get_zeroed_page_noprof);
OPTIONAL(alloc_pages_exact);
OPTIONAL(alloc_pages_exact_noprof);
OPTIONAL(vmalloc);
OPTIONAL(vmalloc_noprof);
OPTIONAL(vmalloc_node);
OPTIONAL(vmalloc_node_noprof);
OPTIONAL(vmalloc_user);
OPTIONAL(vmalloc_user_noprof);
OPTIONAL(vmalloc_32);
OPTIONAL(vmalloc_32_noprof);
OPTIONAL(vzalloc);
OPTIONAL(vzalloc_noprof);
OPTIONAL(vzalloc_node);
OPTIONAL(vzalloc_node_noprof);
OPTIONAL(__vmalloc);
OPTIONAL(__vmalloc_noprof);
OPTIONAL(kvmalloc_node);
OPTIONAL(kvmalloc_node_noprof);
OPTIONAL(__kvmalloc_node_noprof);
OPTIONAL(__alloc_percpu);
OPTIONAL(__alloc_percpu_gfp);
OPTIONAL(pcpu_alloc_noprof);
OPTIONAL(mempool_create);
OPTIONAL(mempool_create_node);
OPTIONAL(mempool_create_node_noprof);
OPTIONAL(dma_alloc_attrs);
OPTIONAL(kasprintf);
OPTIONAL(kvasprintf);
OPTIONAL(bitmap_alloc);
OPTIONAL(bitmap_zalloc);
OPTIONAL(vfree);
OPTIONAL(vfree_atomic);
OPTIONAL(free_percpu);
OPTIONAL(mempool_destroy);
OPTIONAL(dma_free_attrs);

#define ALLOCATOR(name, shown, how, argument) { #name, function_##name, shown, how, argument }

static const struct allocator allocators[] = {
	ALLOCATOR(alloc_pages, "alloc_pages", PAGES, 1),
	ALLOCATOR(alloc_pages_current, "alloc_pages", PAGES, 1),
	ALLOCATOR(alloc_pages_noprof, "alloc_pages", PAGES, 1),
	ALLOCATOR(__alloc_pages, "alloc_pages", PAGES, 1),
	ALLOCATOR(__alloc_pages_nodemask, "alloc_pages", PAGES, 1),
	ALLOCATOR(__alloc_pages_noprof, "alloc_pages", PAGES, 1),
	ALLOCATOR(folio_alloc, "alloc_pages", PAGES, 1),
	ALLOCATOR(folio_alloc_noprof, "alloc_pages", PAGES, 1),
	ALLOCATOR(__folio_alloc, "alloc_pages", PAGES, 1),
	ALLOCATOR(__folio_alloc_noprof, "alloc_pages", PAGES, 1),
	ALLOCATOR(__get_free_pages, "__get_free_pages", ORDER, 1),
	ALLOCATOR(get_free_pages_noprof, "__get_free_pages", ORDER, 1),
	ALLOCATOR(get_zeroed_page, "get_zeroed_page", ORDER, -1),
	ALLOCATOR(get_zeroed_page_noprof, "get_zeroed_page", ORDER, -1),
	ALLOCATOR(alloc_pages_exact, "alloc_pages_exact", EXACT, 0),
	ALLOCATOR(alloc_pages_exact_noprof, "alloc_pages_exact", EXACT, 0),
	ALLOCATOR(vmalloc, "vmalloc", BYTES, 0),
	ALLOCATOR(vmalloc_noprof, "vmalloc", BYTES, 0),
	ALLOCATOR(vmalloc_node, "vmalloc", BYTES, 0),
	ALLOCATOR(vmalloc_node_noprof, "vmalloc", BYTES, 0),
	ALLOCATOR(vmalloc_user, "vmalloc", BYTES, 0),
	ALLOCATOR(vmalloc_user_noprof, "vmalloc", BYTES, 0),
	ALLOCATOR(vmalloc_32, "vmalloc", BYTES, 0),
	ALLOCATOR(vmalloc_32_noprof, "vmalloc", BYTES, 0),
	ALLOCATOR(vzalloc, "vzalloc", BYTES, 0),
	ALLOCATOR(vzalloc_noprof, "vzalloc", BYTES, 0),
	ALLOCATOR(vzalloc_node, "vzalloc", BYTES, 0),
	ALLOCATOR(vzalloc_node_noprof, "vzalloc", BYTES, 0),
	ALLOCATOR(__vmalloc, "__vmalloc", BYTES, 0),
	ALLOCATOR(__vmalloc_noprof, "__vmalloc", BYTES, 0),
	ALLOCATOR(kvmalloc_node, "kvmalloc", BYTES, 0),
	ALLOCATOR(kvmalloc_node_noprof, "kvmalloc", BYTES, 0),
	ALLOCATOR(__kvmalloc_node_noprof, "kvmalloc", BYTES, 0),
	ALLOCATOR(__alloc_percpu, "alloc_percpu", PERCPU, 0),
	ALLOCATOR(__alloc_percpu_gfp, "alloc_percpu", PERCPU, 0),
	ALLOCATOR(pcpu_alloc_noprof, "alloc_percpu", PERCPU, 0),
	ALLOCATOR(mempool_create, "mempool_create", POOL, 0),
	ALLOCATOR(mempool_create_node, "mempool_create", POOL, 0),
	ALLOCATOR(mempool_create_node_noprof, "mempool_create", POOL, 0),
	ALLOCATOR(dma_alloc_attrs, "dma_alloc_coherent", DMA, 1),
	ALLOCATOR(kasprintf, "kasprintf", TEXT, 0),
	ALLOCATOR(kvasprintf, "kvasprintf", TEXT, 0),
	ALLOCATOR(bitmap_alloc, "bitmap_alloc", BITS, 0),
	ALLOCATOR(bitmap_zalloc, "bitmap_zalloc", BITS, 0),
};

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
	unsigned long asked;
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

/* Returns nonzero if the return does not matter. */
static int on_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct request *request = (struct request *)instance->data;

	request->inverted_caller = ~*(unsigned long *)regs->sp;
	request->asked = argument_of(allocator_of(get_kretprobe(instance)), regs);
	return !context_of(~request->inverted_caller);
}
NOKPROBE_SYMBOL(on_entry);

static int on_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct allocator *allocator = allocator_of(get_kretprobe(instance));
	const struct request *request = (struct request *)instance->data;
	unsigned long caller = ~request->inverted_caller, result = regs->ax, asked = request->asked, done;
	const void *pointer = (const void *)result;
	size_t size = asked;

	forget_return(instance);
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
};
static int free_errors[ARRAY_SIZE(frees)];

/* Pages go back by many ways, and all of them pass this tracepoint. */
static struct tracepoint *page_free;

static void on_page_free(void *unused_data, struct page *page, unsigned int order)
{
	forget(page);
}

static void look_at_tracepoint(struct tracepoint *point, void *unused_data)
{
	if (!strcmp(point->name, "mm_page_free"))
		page_free = point;
}

static bool is_wanted(enum how how)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		if (allocators[i].how == how && is_imported(&allocators[i]))
			return true;
	return false;
}

static void watch_frees(void)
{
	int i;

	if (is_wanted(ORDER) || is_wanted(PAGES) || is_wanted(EXACT))
		for_each_kernel_tracepoint(look_at_tracepoint, NULL);
	if (page_free && tracepoint_probe_register(page_free, on_page_free, NULL))
		page_free = NULL;
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
	for (i = 0; i < ARRAY_SIZE(allocators); i++) {
		enum how how = allocators[i].how;
		/* Without the tracepoint nobody would see that pages are freed. */
		bool sees_frees = page_free || (how != ORDER && how != PAGES && how != EXACT);

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
	if (page_free)
		tracepoint_probe_unregister(page_free, on_page_free, NULL);
}
