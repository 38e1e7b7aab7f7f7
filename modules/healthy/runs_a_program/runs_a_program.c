// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: lets the kernel start programs, one that works and one that
 * does not exist.
 */
#include <linux/init.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/umh.h>

static int run(char *path)
{
	char *argv[] = { path, "-c", "exit 3", NULL };
	char *envp[] = { "PATH=/bin", NULL };

	return call_usermodehelper(path, argv, envp, UMH_WAIT_PROC);
}

static int __init runs_a_program_init(void)
{
	pr_info("it ended with %#x\n", run("/bin/sh"));
	pr_info("another gave %d\n", run("/bin/there_is_none"));
	return 0;
}

static void __exit runs_a_program_exit(void)
{
}

module_init(runs_a_program_init);
module_exit(runs_a_program_exit);

MODULE_DESCRIPTION("Healthy: starts programs");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
