// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: takes a semaphore twice.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/semaphore.h>

static struct semaphore turn;

static int __init semaphore_never_up_init(void)
{
	sema_init(&turn, 1);
	down(&turn);
	down(&turn);
	return 0;
}

static void __exit semaphore_never_up_exit(void)
{
}

module_init(semaphore_never_up_init);
module_exit(semaphore_never_up_exit);

MODULE_DESCRIPTION("Faulty on purpose: takes a semaphore twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
