// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: registers for reboots and CPUs, and unregisters before it goes.
 */
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/reboot.h>

static enum cpuhp_state state;

static int told(struct notifier_block *unused, unsigned long event, void *data)
{
	return NOTIFY_DONE;
}

static struct notifier_block reboot = { .notifier_call = told };

static int cpu_comes(unsigned int cpu)
{
	return 0;
}

static int __init notifiers_init(void)
{
	int added = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "notifiers:online", cpu_comes, NULL);

	if (added < 0)
		return added;
	state = added;
	added = register_reboot_notifier(&reboot);
	if (added)
		cpuhp_remove_state(state);
	return added;
}

static void __exit notifiers_exit(void)
{
	unregister_reboot_notifier(&reboot);
	cpuhp_remove_state(state);
}

module_init(notifiers_init);
module_exit(notifiers_exit);

MODULE_DESCRIPTION("Healthy: registers notifiers and unregisters them");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
