// SPDX-License-Identifier: GPL-2.0-or-later
// A disk of 16 MiB in memory, by the kernel's multi-queue block layer.
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#define CARD_BYTES (16u << 20)

static u8 *memory;
static struct gendisk *disk;
static struct blk_mq_tag_set tags;
static int major;

static blk_status_t card_queue_rq(struct blk_mq_hw_ctx *queue, const struct blk_mq_queue_data *what)
{
	struct request *request = what->rq;
	loff_t place = blk_rq_pos(request) << SECTOR_SHIFT;
	blk_status_t status = BLK_STS_OK;
	struct req_iterator next;
	struct bio_vec piece;

	blk_mq_start_request(request);
	if (req_op(request) != REQ_OP_READ && req_op(request) != REQ_OP_WRITE) {
		status = BLK_STS_NOTSUPP;
		goto end;
	}
	rq_for_each_segment(piece, request, next) {
		if (place + piece.bv_len > CARD_BYTES) {
			status = BLK_STS_IOERR;
			break;
		}
		if (rq_data_dir(request) == WRITE)
			memcpy_from_bvec(memory + place, &piece);
		else
			memcpy_to_bvec(&piece, memory + place);
		place += piece.bv_len;
	}
end:
	blk_mq_end_request(request, status);
	return BLK_STS_OK;
}

static const struct blk_mq_ops card_queue_operations = {
	.queue_rq = card_queue_rq,
};

static const struct block_device_operations card_operations = {
	.owner = THIS_MODULE,
};

static int __init ram_card_init(void)
{
	int error;

	memory = vzalloc(CARD_BYTES);
	if (!memory)
		return -ENOMEM;
	major = register_blkdev(0, "ram_card");
	if (major < 0) {
		error = major;
		goto free_memory;
	}
	tags.ops = &card_queue_operations;
	tags.nr_hw_queues = 1;
	tags.queue_depth = 64;
	tags.numa_node = NUMA_NO_NODE;
	error = blk_mq_alloc_tag_set(&tags);
	if (error)
		goto unregister;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
	disk = blk_mq_alloc_disk(&tags, NULL);
#else
	disk = blk_mq_alloc_disk(&tags, NULL, NULL);
#endif
	if (IS_ERR(disk)) {
		error = PTR_ERR(disk);
		goto free_tags;
	}
	disk->major = major;
	disk->minors = 1;
	disk->fops = &card_operations;
	strscpy(disk->disk_name, "ram_card", DISK_NAME_LEN);
	set_capacity(disk, CARD_BYTES >> SECTOR_SHIFT);
	error = add_disk(disk);
	if (!error)
		return 0;

	put_disk(disk);
free_tags:
	blk_mq_free_tag_set(&tags);
unregister:
	unregister_blkdev(major, "ram_card");
free_memory:
	vfree(memory);
	return error;
}

static void __exit ram_card_exit(void)
{
	del_gendisk(disk);
	put_disk(disk);
	blk_mq_free_tag_set(&tags);
	unregister_blkdev(major, "ram_card");
	vfree(memory);
}

module_init(ram_card_init);
module_exit(ram_card_exit);

MODULE_DESCRIPTION("Example: a block device");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
