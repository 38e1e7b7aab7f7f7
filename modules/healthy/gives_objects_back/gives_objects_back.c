// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: makes objects of the kernel's own, lets the kernel allocate for
 * objects of the module, and takes all of it back. Two of them are the
 * beginning of an object that the module has allocated itself. Where it may
 * sleep, mempool_alloc() does not fail.
 */
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/genalloc.h>
#include <linux/init.h>
#include <linux/kfifo.h>
#include <linux/kobject.h>
#include <linux/list_lru.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/percpu-rwsem.h>
#include <linux/percpu_counter.h>
#include <linux/platform_device.h>
#include <linux/rhashtable.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

struct entry {
	struct rhash_head in_table;
	u32 key;
};

static const struct rhashtable_params parameters = {
	.head_offset = offsetof(struct entry, in_table),
	.key_offset = offsetof(struct entry, key),
	.key_len = sizeof(u32),
};

/* The first member is what the kernel allocates for. */
struct counted {
	struct percpu_counter counter;
	char name[40];
};

struct listed {
	struct sg_table table;
	char name[40];
};

static struct workqueue_struct *queue;
static struct crypto_shash *hash;
static struct gen_pool *addresses;
static struct file *file;
static struct kobject *folder;
static struct platform_device *device;
static mempool_t *pool;
static void *elements[3];
static DECLARE_KFIFO_PTR(fifo, int);
static struct list_lru lru;
static struct srcu_struct readers;
static struct percpu_rw_semaphore semaphore;
static struct rhashtable table;
static struct counted *counted;
static struct listed *listed;

static int make_objects(void)
{
	int i;

	queue = alloc_workqueue("gives_objects_back", WQ_UNBOUND, 0);
	hash = crypto_alloc_shash("sha256", 0, 0);
	addresses = gen_pool_create(4, -1);
	file = filp_open("/proc/version", O_RDONLY, 0);
	folder = kobject_create_and_add("gives_objects_back", kernel_kobj);
	device = platform_device_alloc("gives_objects_back", PLATFORM_DEVID_NONE);
	pool = mempool_create_kmalloc_pool(2, 100);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (!queue || IS_ERR(hash) || !addresses || !folder || !device || !pool)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(elements); i++)
		elements[i] = mempool_alloc(pool, GFP_KERNEL);
	return 0;
}

static void give_objects_back(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(elements); i++)
		if (elements[i])
			mempool_free(elements[i], pool);
	mempool_destroy(pool);
	platform_device_put(device);
	kobject_put(folder);
	if (!IS_ERR_OR_NULL(file))
		filp_close(file, NULL);
	if (addresses)
		gen_pool_destroy(addresses);
	if (!IS_ERR_OR_NULL(hash))
		crypto_free_shash(hash);
	if (queue)
		destroy_workqueue(queue);
}

static int fill_objects(void)
{
	counted = kzalloc(sizeof(*counted), GFP_KERNEL);
	listed = kzalloc(sizeof(*listed), GFP_KERNEL);
	if (!counted || !listed)
		goto free_memory;
	if (percpu_counter_init(&counted->counter, 7, GFP_KERNEL))
		goto free_memory;
	if (sg_alloc_table(&listed->table, 300, GFP_KERNEL))
		goto destroy_counter;
	if (kfifo_alloc(&fifo, 64, GFP_KERNEL))
		goto free_list;
	if (list_lru_init(&lru))
		goto free_fifo;
	if (init_srcu_struct(&readers))
		goto destroy_lru;
	if (percpu_init_rwsem(&semaphore))
		goto clean_readers;
	if (rhashtable_init(&table, &parameters))
		goto free_semaphore;
	return 0;

free_semaphore:
	percpu_free_rwsem(&semaphore);
clean_readers:
	cleanup_srcu_struct(&readers);
destroy_lru:
	list_lru_destroy(&lru);
free_fifo:
	kfifo_free(&fifo);
free_list:
	sg_free_table(&listed->table);
destroy_counter:
	percpu_counter_destroy(&counted->counter);
free_memory:
	kfree(listed);
	kfree(counted);
	return -ENOMEM;
}

static void empty_objects(void)
{
	rhashtable_destroy(&table);
	percpu_free_rwsem(&semaphore);
	cleanup_srcu_struct(&readers);
	list_lru_destroy(&lru);
	kfifo_free(&fifo);
	sg_free_table(&listed->table);
	percpu_counter_destroy(&counted->counter);
	kfree(listed);
	kfree(counted);
}

static int __init gives_objects_back_init(void)
{
	int error = make_objects();

	if (!error)
		error = fill_objects();
	if (error)
		give_objects_back();
	return error;
}

static void __exit gives_objects_back_exit(void)
{
	empty_objects();
	give_objects_back();
}

module_init(gives_objects_back_init);
module_exit(gives_objects_back_exit);

MODULE_DESCRIPTION("Healthy: makes objects of the kernel's own and takes them back");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
