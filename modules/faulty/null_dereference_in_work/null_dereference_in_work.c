// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: follows a null pointer in a work item.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/workqueue.h>

static int *volatile nowhere;

static void do_work(struct work_struct *unused)
{
	*nowhere = 1;
}

static DECLARE_WORK(work, do_work);

static int __init null_dereference_in_work_init(void)
{
	schedule_work(&work);
	return 0;
}

static void __exit null_dereference_in_work_exit(void)
{
}

module_init(null_dereference_in_work_init);
module_exit(null_dereference_in_work_exit);

MODULE_DESCRIPTION("Faulty on purpose: null dereference in a work item");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
