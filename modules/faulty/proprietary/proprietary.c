// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: declares a license that is not compatible with the GPL,
 * which taints the kernel with P.
 */
#include <linux/init.h>
#include <linux/module.h>

static int __init proprietary_init(void)
{
	return 0;
}

static void __exit proprietary_exit(void)
{
}

module_init(proprietary_init);
module_exit(proprietary_exit);

MODULE_DESCRIPTION("Faulty on purpose: a proprietary module");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("Proprietary");
