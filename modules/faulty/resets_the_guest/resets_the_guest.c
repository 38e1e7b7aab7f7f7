// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: ends the whole machine, without a word in the log.
 *
 * how=restart     calls emergency_restart()
 * how=fault       loads an empty table of interrupt handlers and traps: the
 *                 processor gives up (a triple fault)
 * how=power       calls kernel_power_off() in its exit function
 */
#include <asm/desc.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/string.h>

static char *how = "restart";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "restart, fault or power");

static noinline void lose_the_handlers(void)
{
	const struct desc_ptr none = { .size = 0, .address = 0 };

	asm volatile("lidt %0; int3" : : "m"(none));
}

static int __init resets_the_guest_init(void)
{
	if (!strcmp(how, "restart"))
		emergency_restart();
	if (!strcmp(how, "fault"))
		lose_the_handlers();
	return 0;
}

static void __exit resets_the_guest_exit(void)
{
	if (!strcmp(how, "power"))
		kernel_power_off();
}

module_init(resets_the_guest_init);
module_exit(resets_the_guest_exit);

MODULE_DESCRIPTION("Faulty on purpose: ends the whole machine");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
