// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: requests modules of the kernel by a name, by an alias, by a
 * format and through a function of the kernel, and goes on where there is
 * none. They stay loaded when this module goes, as on any machine.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/textsearch.h>

static char *kind = "vfat";
module_param(kind, charp, 0444);
MODULE_PARM_DESC(kind, "a file system");

static void search(void)
{
	static const char text[] = "a needle in a haystack";
	struct ts_config *wanted;
	struct ts_state state;

	wanted = textsearch_prepare("kmp", "needle", 6, GFP_KERNEL, TS_AUTOLOAD);
	if (IS_ERR(wanted)) {
		pr_info("no search: %ld\n", PTR_ERR(wanted));
		return;
	}
	pr_info("found at %u\n", textsearch_find_continuous(wanted, &state, text, sizeof(text) - 1));
	textsearch_destroy(wanted);
}

static int __init requests_modules_init(void)
{
	search();
	pr_info("by name: %d\n", request_module("dummy"));
	pr_info("by alias: %d\n", request_module("fs-%s", kind));
	pr_info("unknown: %d\n", request_module("there_is_no_such_module"));
	return 0;
}

static void __exit requests_modules_exit(void)
{
}

module_init(requests_modules_init);
module_exit(requests_modules_exit);

MODULE_DESCRIPTION("Healthy: requests modules of the kernel");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
