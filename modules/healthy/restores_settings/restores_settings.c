// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: changes settings of the whole machine while it is loaded, and sets
 * them back.
 */
#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/printk.h>

static int old_timeout, old_level;

static int __init restores_settings_init(void)
{
	old_timeout = panic_timeout;
	old_level = console_loglevel;
	panic_timeout = 30;
	console_loglevel = CONSOLE_LOGLEVEL_MOTORMOUTH;
	return num_online_cpus() > 1 ? remove_cpu(1) : 0;
}

static void __exit restores_settings_exit(void)
{
	if (num_possible_cpus() > 1)
		add_cpu(1);
	console_loglevel = old_level;
	panic_timeout = old_timeout;
}

module_init(restores_settings_init);
module_exit(restores_settings_exit);

MODULE_DESCRIPTION("Healthy: sets back what it changed");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
