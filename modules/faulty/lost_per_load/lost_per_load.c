// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: loses a little memory with each load: an object,
 * whole pages or a counter for each CPU, as the parameter says.
 */
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *from = "kmalloc";
module_param(from, charp, 0444);
MODULE_PARM_DESC(from, "kmalloc, pages or percpu");

static void *lost;
static long __percpu *counters;

static int __init lost_per_load_init(void)
{
	if (!strcmp(from, "kmalloc"))
		lost = kmalloc(700, GFP_KERNEL);
	else if (!strcmp(from, "pages"))
		lost = (void *)__get_free_pages(GFP_KERNEL, 2);
	else
		counters = alloc_percpu(long);
	return 0;
}

static void __exit lost_per_load_exit(void)
{
}

module_init(lost_per_load_init);
module_exit(lost_per_load_exit);

MODULE_DESCRIPTION("Faulty on purpose: loses memory with each load");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
