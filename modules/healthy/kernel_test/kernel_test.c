// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: a test of the kernel, which taints it with N since 6.0. Earlier
 * kernels ignore the mark.
 */
#include <linux/init.h>
#include <linux/module.h>

static int __init kernel_test_init(void)
{
	pr_info("all tests passed\n");
	return 0;
}

static void __exit kernel_test_exit(void)
{
}

module_init(kernel_test_init);
module_exit(kernel_test_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("Healthy: marks itself as a test of the kernel");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
