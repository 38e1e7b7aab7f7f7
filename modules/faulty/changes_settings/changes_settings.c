// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: changes a setting of the whole machine, which the
 * parameter names, and does not set it back.
 */
#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/string.h>

static char *what = "panic";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "cpu, panic or loglevel");

static int __init changes_settings_init(void)
{
	if (!strcmp(what, "cpu"))
		return remove_cpu(1);
	if (!strcmp(what, "loglevel"))
		console_loglevel = CONSOLE_LOGLEVEL_MOTORMOUTH;
	else
		panic_timeout = 30;
	return 0;
}

static void __exit changes_settings_exit(void)
{
}

module_init(changes_settings_init);
module_exit(changes_settings_exit);

MODULE_DESCRIPTION("Faulty on purpose: leaves settings of the machine changed");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
