// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: copies a text into a field that is too short for it.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/string.h>

/* Static: 5.10 knows the size of nothing else. */
static struct record {
	char name[8];
	int value;
} record;

static char *from = "much longer than eight";
module_param(from, charp, 0444);
MODULE_PARM_DESC(from, "the text");

static int __init overflows_a_name_init(void)
{
	strcpy(record.name, from);
	pr_info("%s %d\n", record.name, record.value);
	return 0;
}

static void __exit overflows_a_name_exit(void)
{
}

module_init(overflows_a_name_init);
module_exit(overflows_a_name_exit);

MODULE_DESCRIPTION("Faulty on purpose: string overflow that the kernel finds");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
