// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: drops one more reference than it has taken. */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/refcount.h>

static refcount_t references = REFCOUNT_INIT(1);

static noinline void put(void)
{
	if (refcount_dec_and_test(&references))
		pr_info("refcount_underflow: the last reference is gone\n");
}

static int __init refcount_underflow_init(void)
{
	put();
	put();
	return 0;
}

static void __exit refcount_underflow_exit(void)
{
}

module_init(refcount_underflow_init);
module_exit(refcount_underflow_exit);

MODULE_DESCRIPTION("Faulty on purpose: drops a reference too many");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
