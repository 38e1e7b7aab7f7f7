// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: claims that it was built for another kernel. */
#include <linux/init.h>
#include <linux/module.h>

static int __init wrong_vermagic_init(void)
{
	return 0;
}

static void __exit wrong_vermagic_exit(void)
{
}

module_init(wrong_vermagic_init);
module_exit(wrong_vermagic_exit);

MODULE_DESCRIPTION("Faulty on purpose: says that it was built for another kernel");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
/* The first one counts, and Kbuild adds the true one after it. */
MODULE_INFO(vermagic, "4.19.0-27-686 mod_unload modversions 686 ");
