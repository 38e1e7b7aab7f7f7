// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: calls a function pointer that points to data. The kernel
 * refuses to execute it and names the function that called.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/types.h>

static u8 no_code[16] = { 0xc3 };
static void (*volatile callback)(void) = (void (*)(void))no_code;

static int __init jump_to_data_init(void)
{
	callback();
	return 0;
}

static void __exit jump_to_data_exit(void)
{
}

module_init(jump_to_data_init);
module_exit(jump_to_data_exit);

MODULE_DESCRIPTION("Faulty on purpose: calls a pointer to data");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
