// SPDX-License-Identifier: GPL-2.0-or-later
/* Healthy: has what the other module of this tree needs. */
#include <linux/module.h>

#include "tree.h"

int tree_number(void)
{
	return 42;
}
EXPORT_SYMBOL_GPL(tree_number);

static int __init tree_core_init(void)
{
	return 0;
}

static void __exit tree_core_exit(void)
{
}

module_init(tree_core_init);
module_exit(tree_core_exit);
MODULE_DESCRIPTION("Healthy: the first module of a driver's tree");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
