// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: needs the other module of this tree, and libcrc32c, a module of the
 * kernel. Neither is named anywhere.
 */
#include <linux/crc32c.h>
#include <linux/module.h>

#include "tree.h"

static int __init tree_drv_init(void)
{
	static const u8 bytes[] = { 1, 2, 3 };

	pr_info("tree_drv: %d, checksum %08x\n", tree_number(), crc32c(0, bytes, sizeof(bytes)));
	return 0;
}

static void __exit tree_drv_exit(void)
{
}

module_init(tree_drv_init);
module_exit(tree_drv_exit);
MODULE_DESCRIPTION("Healthy: the second module of a driver's tree");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
