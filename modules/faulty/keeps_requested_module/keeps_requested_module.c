// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: requests a file system of the kernel, takes a reference
 * to its module, and never gives it back. So that module can never be
 * unloaded again.
 */
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/module.h>

static int __init keeps_requested_module_init(void)
{
	/* Requests "fs-vfat", and holds what it finds. */
	return get_fs_type("vfat") ? 0 : -ENODEV;
}

static void __exit keeps_requested_module_exit(void)
{
}

module_init(keeps_requested_module_init);
module_exit(keeps_requested_module_exit);

MODULE_DESCRIPTION("Faulty on purpose: keeps a reference to a module that it requested");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
