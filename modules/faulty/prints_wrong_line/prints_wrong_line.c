// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: its second line differs a little from what plans expect. */
#include <linux/init.h>
#include <linux/module.h>

static int __init prints_wrong_line_init(void)
{
	pr_info("Thread started\n");
	pr_info("In thread funktion 1\n");
	return 0;
}

static void __exit prints_wrong_line_exit(void)
{
	pr_info("Exiting!\n");
}

module_init(prints_wrong_line_init);
module_exit(prints_wrong_line_exit);

MODULE_DESCRIPTION("Faulty on purpose: prints another line than expected");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
