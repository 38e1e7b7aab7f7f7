/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that allocate memory that is no object of a slab cache of the
 * module, and those that make an object that has to be taken back. Names
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
	OBJECT, /* returns an object of the kernel's own */
	FILLED, /* allocates for the object at its argument; returns 0 */
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
OPTIONAL(alloc_workqueue);
OPTIONAL(alloc_workqueue_noprof);
OPTIONAL(crypto_alloc_shash);
OPTIONAL(crypto_alloc_ahash);
OPTIONAL(crypto_alloc_skcipher);
OPTIONAL(crypto_alloc_sync_skcipher);
OPTIONAL(crypto_alloc_aead);
OPTIONAL(crypto_alloc_akcipher);
OPTIONAL(crypto_alloc_rng);
OPTIONAL(crypto_alloc_acomp);
OPTIONAL(crypto_alloc_kpp);
OPTIONAL(crypto_alloc_base);
OPTIONAL(gen_pool_create);
OPTIONAL(dma_pool_create);
OPTIONAL(dma_pool_create_node);
OPTIONAL(filp_open);
OPTIONAL(kobject_create_and_add);
OPTIONAL(kset_create_and_add);
OPTIONAL(usb_alloc_urb);
OPTIONAL(input_allocate_device);
OPTIONAL(platform_device_alloc);
OPTIONAL(mempool_alloc);
OPTIONAL(mempool_alloc_noprof);
OPTIONAL(alloc_netdev_mqs);
OPTIONAL(alloc_etherdev_mqs);
OPTIONAL(__kfifo_alloc);
OPTIONAL(__kfifo_alloc_node);
OPTIONAL(sg_alloc_table);
OPTIONAL(__list_lru_init);
OPTIONAL(init_srcu_struct);
OPTIONAL(init_srcu_struct_generic);
OPTIONAL(__percpu_counter_init);
OPTIONAL(__percpu_counter_init_many);
OPTIONAL(percpu_ref_init);
OPTIONAL(__percpu_init_rwsem);
OPTIONAL(rhashtable_init);
OPTIONAL(rhashtable_init_noprof);
OPTIONAL(__rhashtable_init_noprof);
OPTIONAL(rhltable_init);
OPTIONAL(rhltable_init_noprof);
OPTIONAL(__rhltable_init_noprof);
OPTIONAL(mempool_init);
OPTIONAL(mempool_init_noprof);
OPTIONAL(mempool_init_node);
OPTIONAL(bioset_init);
OPTIONAL(mempool_free);
OPTIONAL(destroy_workqueue);
OPTIONAL(filp_close);
OPTIONAL(fput);
OPTIONAL(free_netdev);
OPTIONAL(input_free_device);
OPTIONAL(input_unregister_device);
OPTIONAL(__kfifo_free);
OPTIONAL(sg_free_table);
OPTIONAL(list_lru_destroy);
OPTIONAL(cleanup_srcu_struct);
OPTIONAL(percpu_counter_destroy);
OPTIONAL(percpu_counter_destroy_many);
OPTIONAL(percpu_ref_exit);
OPTIONAL(percpu_free_rwsem);
OPTIONAL(rhashtable_destroy);
OPTIONAL(rhashtable_free_and_destroy);
OPTIONAL(mempool_exit);
OPTIONAL(bioset_exit);

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
	ALLOCATOR(alloc_workqueue, "alloc_workqueue", OBJECT, -1),
	ALLOCATOR(alloc_workqueue_noprof, "alloc_workqueue", OBJECT, -1),
	ALLOCATOR(crypto_alloc_shash, "crypto_alloc_shash", OBJECT, -1),
	ALLOCATOR(crypto_alloc_ahash, "crypto_alloc_ahash", OBJECT, -1),
	ALLOCATOR(crypto_alloc_skcipher, "crypto_alloc_skcipher", OBJECT, -1),
	ALLOCATOR(crypto_alloc_sync_skcipher, "crypto_alloc_sync_skcipher", OBJECT, -1),
	ALLOCATOR(crypto_alloc_aead, "crypto_alloc_aead", OBJECT, -1),
	ALLOCATOR(crypto_alloc_akcipher, "crypto_alloc_akcipher", OBJECT, -1),
	ALLOCATOR(crypto_alloc_rng, "crypto_alloc_rng", OBJECT, -1),
	ALLOCATOR(crypto_alloc_acomp, "crypto_alloc_acomp", OBJECT, -1),
	ALLOCATOR(crypto_alloc_kpp, "crypto_alloc_kpp", OBJECT, -1),
	ALLOCATOR(crypto_alloc_base, "crypto_alloc_base", OBJECT, -1),
	ALLOCATOR(gen_pool_create, "gen_pool_create", OBJECT, -1),
	ALLOCATOR(dma_pool_create, "dma_pool_create", OBJECT, -1),
	ALLOCATOR(dma_pool_create_node, "dma_pool_create", OBJECT, -1),
	ALLOCATOR(filp_open, "filp_open", OBJECT, -1),
	ALLOCATOR(kobject_create_and_add, "kobject_create_and_add", OBJECT, -1),
	ALLOCATOR(kset_create_and_add, "kset_create_and_add", OBJECT, -1),
	ALLOCATOR(usb_alloc_urb, "usb_alloc_urb", OBJECT, -1),
	ALLOCATOR(input_allocate_device, "input_allocate_device", OBJECT, -1),
	ALLOCATOR(platform_device_alloc, "platform_device_alloc", OBJECT, -1),
	ALLOCATOR(mempool_alloc, "mempool_alloc", OBJECT, -1),
	ALLOCATOR(mempool_alloc_noprof, "mempool_alloc", OBJECT, -1),
	ALLOCATOR(alloc_netdev_mqs, "alloc_netdev", OBJECT, -1),
	ALLOCATOR(alloc_etherdev_mqs, "alloc_etherdev", OBJECT, -1),
	ALLOCATOR(__kfifo_alloc, "kfifo_alloc", FILLED, 0),
	ALLOCATOR(__kfifo_alloc_node, "kfifo_alloc", FILLED, 0),
	ALLOCATOR(sg_alloc_table, "sg_alloc_table", FILLED, 0),
	ALLOCATOR(__list_lru_init, "list_lru_init", FILLED, 0),
	ALLOCATOR(init_srcu_struct, "init_srcu_struct", FILLED, 0),
	ALLOCATOR(init_srcu_struct_generic, "init_srcu_struct", FILLED, 0),
	ALLOCATOR(__percpu_counter_init, "percpu_counter_init", FILLED, 0),
	ALLOCATOR(__percpu_counter_init_many, "percpu_counter_init", FILLED, 0),
	ALLOCATOR(percpu_ref_init, "percpu_ref_init", FILLED, 0),
	ALLOCATOR(__percpu_init_rwsem, "percpu_init_rwsem", FILLED, 0),
	ALLOCATOR(rhashtable_init, "rhashtable_init", FILLED, 0),
	ALLOCATOR(rhashtable_init_noprof, "rhashtable_init", FILLED, 0),
	ALLOCATOR(__rhashtable_init_noprof, "rhashtable_init", FILLED, 0),
	ALLOCATOR(rhltable_init, "rhltable_init", FILLED, 0),
	ALLOCATOR(rhltable_init_noprof, "rhltable_init", FILLED, 0),
	ALLOCATOR(__rhltable_init_noprof, "rhltable_init", FILLED, 0),
	ALLOCATOR(mempool_init, "mempool_init", FILLED, 0),
	ALLOCATOR(mempool_init_noprof, "mempool_init", FILLED, 0),
	ALLOCATOR(mempool_init_node, "mempool_init", FILLED, 0),
	ALLOCATOR(bioset_init, "bioset_init", FILLED, 0),
};

/*
 * What takes back an object, or what was allocated for it: its first argument.
 * Objects that the kernel frees at once and at the address that was returned
 * need no line: see memory.c.
 */
#define DESTROYER(name, shown) { function_##name, shown }

static const struct destroyer {
	const char *function;
	const char *of; /* allocator.shown */
} destroyers[] = {
	DESTROYER(mempool_free, "mempool_alloc"),
	DESTROYER(destroy_workqueue, "alloc_workqueue"),
	DESTROYER(filp_close, "filp_open"),
	DESTROYER(fput, "filp_open"),
	DESTROYER(free_netdev, "alloc_netdev"),
	DESTROYER(free_netdev, "alloc_etherdev"),
	DESTROYER(input_free_device, "input_allocate_device"),
	DESTROYER(input_unregister_device, "input_allocate_device"),
	DESTROYER(__kfifo_free, "kfifo_alloc"),
	DESTROYER(sg_free_table, "sg_alloc_table"),
	DESTROYER(list_lru_destroy, "list_lru_init"),
	DESTROYER(cleanup_srcu_struct, "init_srcu_struct"),
	DESTROYER(percpu_counter_destroy, "percpu_counter_init"),
	DESTROYER(percpu_counter_destroy_many, "percpu_counter_init"),
	DESTROYER(percpu_ref_exit, "percpu_ref_init"),
	DESTROYER(percpu_free_rwsem, "percpu_init_rwsem"),
	DESTROYER(rhashtable_destroy, "rhashtable_init"),
	DESTROYER(rhashtable_free_and_destroy, "rhashtable_init"),
	DESTROYER(rhashtable_destroy, "rhltable_init"),
	DESTROYER(rhashtable_free_and_destroy, "rhltable_init"),
	DESTROYER(mempool_exit, "mempool_init"),
	DESTROYER(bioset_exit, "bioset_init"),
};

#endif
