// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes a note into each block of a disk that is new, and reads all of them back.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define BLOCK 4096
#define BLOCKS 256

static char *disk = "/dev/vda";
module_param(disk, charp, 0444);
MODULE_PARM_DESC(disk, "the disk");

static int write_notes(struct file *file, char *block)
{
	loff_t at = 0;
	int i;

	for (i = 0; i < BLOCKS; i++) {
		memset(block, 0, BLOCK);
		snprintf(block, BLOCK, "note %d", i);
		if (kernel_write(file, block, BLOCK, &at) != BLOCK)
			return -EIO;
	}
	return vfs_fsync(file, 0);
}

static int read_notes(struct file *file, char *block)
{
	char wanted[16];
	loff_t at = 0;
	int i, wrong = 0;

	for (i = 0; i < BLOCKS; i++) {
		snprintf(wanted, sizeof(wanted), "note %d", i);
		if (kernel_read(file, block, BLOCK, &at) != BLOCK)
			return -EIO;
		wrong += strcmp(block, wanted) != 0;
	}
	pr_info("keeps_notes_on_disk: %d of %d notes came back wrong\n", wrong, BLOCKS);
	return 0;
}

static int __init notes_init(void)
{
	struct file *file = filp_open(disk, O_RDWR | O_LARGEFILE, 0);
	char *block;
	loff_t at = 0;
	int error = -ENOMEM;

	if (IS_ERR(file))
		return PTR_ERR(file);
	block = kzalloc(BLOCK, GFP_KERNEL);
	if (block && kernel_read(file, block, BLOCK, &at) == BLOCK) {
		pr_info("keeps_notes_on_disk: the disk is %s\n", memchr_inv(block, 0, BLOCK) ? "used" : "new");
		error = write_notes(file, block);
		if (!error)
			error = read_notes(file, block);
	}
	kfree(block);
	filp_close(file, NULL);
	return error;
}

static void __exit notes_exit(void)
{
}

module_init(notes_init);
module_exit(notes_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("writes notes to a disk of QEMU and reads them back");
