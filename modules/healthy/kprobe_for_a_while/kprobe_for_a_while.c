// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: probes functions of the kernel while it is loaded.
 */
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static int hits;

static int pre_handler(struct kprobe *probe, struct pt_regs *regs)
{
	hits++;
	return 0;
}

static struct kprobe probe = { .symbol_name = "kernel_clone", .pre_handler = pre_handler };

static int __init kprobe_for_a_while_init(void)
{
	return register_kprobe(&probe);
}

static void __exit kprobe_for_a_while_exit(void)
{
	unregister_kprobe(&probe);
	pr_info("hits of the probe: %d\n", hits);
}

module_init(kprobe_for_a_while_init);
module_exit(kprobe_for_a_while_exit);

MODULE_DESCRIPTION("Healthy: has a kprobe");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
