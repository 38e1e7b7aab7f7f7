// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: shifts by more bits than the type has. Only a kernel with
 * UBSAN can detect it.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/types.h>

static volatile int bits = 40;

static int __init shift_out_of_bounds_init(void)
{
	return (1 << bits) == 3 ? -EIO : 0;
}

static void __exit shift_out_of_bounds_exit(void)
{
}

module_init(shift_out_of_bounds_init);
module_exit(shift_out_of_bounds_exit);

MODULE_DESCRIPTION("Faulty on purpose: shifts by too many bits");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
