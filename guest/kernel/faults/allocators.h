/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that allocate memory that is no object of a slab cache. Names
 * differ between kernels: what a kernel lacks is left out.
 */
#ifndef KMODTEST_ALLOCATORS_H
#define KMODTEST_ALLOCATORS_H

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
	BUFFER, /* a network buffer; `argument` is the bytes of its data */
	COPY,	/* a network buffer like another one */
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
OPTIONAL(__alloc_skb);
OPTIONAL(__netdev_alloc_skb);
OPTIONAL(__napi_alloc_skb);
OPTIONAL(napi_alloc_skb);
OPTIONAL(build_skb);
OPTIONAL(alloc_skb_with_frags);
OPTIONAL(skb_clone);
OPTIONAL(skb_copy);
OPTIONAL(skb_copy_expand);
OPTIONAL(__pskb_copy_fclone);
OPTIONAL(skb_realloc_headroom);
OPTIONAL(__kfree_skb);
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
	ALLOCATOR(__alloc_skb, "alloc_skb", BUFFER, 0),
	ALLOCATOR(__netdev_alloc_skb, "netdev_alloc_skb", BUFFER, 1),
	ALLOCATOR(__napi_alloc_skb, "napi_alloc_skb", BUFFER, 1),
	ALLOCATOR(napi_alloc_skb, "napi_alloc_skb", BUFFER, 1),
	ALLOCATOR(build_skb, "build_skb", COPY, -1),
	ALLOCATOR(alloc_skb_with_frags, "alloc_skb_with_frags", BUFFER, 0),
	ALLOCATOR(skb_clone, "skb_clone", COPY, -1),
	ALLOCATOR(skb_copy, "skb_copy", COPY, -1),
	ALLOCATOR(skb_copy_expand, "skb_copy_expand", COPY, -1),
	ALLOCATOR(__pskb_copy_fclone, "pskb_copy", COPY, -1),
	ALLOCATOR(skb_realloc_headroom, "skb_realloc_headroom", COPY, -1),
};

#endif
