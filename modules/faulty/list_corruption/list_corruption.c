// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: deletes the same element of a list twice. */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/module.h>

struct element {
	struct list_head link;
};

static LIST_HEAD(queue);
static struct element element;

static int __init list_corruption_init(void)
{
	list_add(&element.link, &queue);
	list_del(&element.link);
	list_del(&element.link);
	return 0;
}

static void __exit list_corruption_exit(void)
{
}

module_init(list_corruption_init);
module_exit(list_corruption_exit);

MODULE_DESCRIPTION("Faulty on purpose: deletes an element of a list twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
