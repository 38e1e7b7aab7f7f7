/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways in which a module makes itself known to the kernel, which calls it or
 * reads its memory from then on. None shows in /proc, /sys or /dev.
 */
#ifndef KINDS_H
#define KINDS_H

#include <crypto/internal/hash.h>
#include <linux/binfmts.h>
#include <linux/cdev.h>
#include <linux/cpuhotplug.h>
#include <linux/fs.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/init.h>
#include <linux/key-type.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/notifier.h>
#if __has_include(<linux/panic_notifier.h>)
#include <linux/panic_notifier.h>
#else /* before 5.14 */
#include <linux/kernel.h>
#endif
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/protocol.h>
#include <net/rtnetlink.h>

/* Like most drivers, each of these keeps what it registers in its own data. */

static int mounts(struct fs_context *context)
{
	return -ENODEV;
}
static struct file_system_type my_filesystem = {
	.owner = THIS_MODULE,
	.name = "kinds",
	.init_fs_context = mounts,
	.kill_sb = kill_anon_super,
};
static int add_filesystem(void)
{
	return register_filesystem(&my_filesystem);
}
static void remove_filesystem(void)
{
	unregister_filesystem(&my_filesystem);
}

static int loads_binary(struct linux_binprm *unused)
{
	return -ENOEXEC;
}
static struct linux_binfmt my_format = {
	.module = THIS_MODULE,
	.load_binary = loads_binary,
};
static int add_format(void)
{
	register_binfmt(&my_format);
	return 0;
}
static void remove_format(void)
{
	unregister_binfmt(&my_format);
}

static int notified(struct notifier_block *block, unsigned long event,
		    void *data)
{
	return NOTIFY_DONE;
}
static struct notifier_block of_devices = { .notifier_call = notified };
static int add_of_devices(void)
{
	return register_netdevice_notifier(&of_devices);
}
static void remove_of_devices(void)
{
	unregister_netdevice_notifier(&of_devices);
}

static struct notifier_block of_panics = { .notifier_call = notified };
static int add_of_panics(void)
{
	return atomic_notifier_chain_register(&panic_notifier_list, &of_panics);
}
static void remove_of_panics(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &of_panics);
}

static struct notifier_block of_reboots = { .notifier_call = notified };
static int add_of_reboots(void)
{
	return register_reboot_notifier(&of_reboots);
}
static void remove_of_reboots(void)
{
	unregister_reboot_notifier(&of_reboots);
}

static struct notifier_block of_modules = { .notifier_call = notified };
static int add_of_modules(void)
{
	return register_module_notifier(&of_modules);
}
static void remove_of_modules(void)
{
	unregister_module_notifier(&of_modules);
}

static unsigned int filters(void *priv, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}
static const struct nf_hook_ops my_hook = {
	.hook = filters,
	.pf = NFPROTO_IPV4,
	.hooknum = NF_INET_PRE_ROUTING,
	.priority = NF_IP_PRI_FIRST,
};
static int add_hook(void)
{
	return nf_register_net_hook(&init_net, &my_hook);
}
static void remove_hook(void)
{
	nf_unregister_net_hook(&init_net, &my_hook);
}

static int receives(struct sk_buff *skb, struct net_device *device,
		    struct packet_type *type, struct net_device *original)
{
	kfree_skb(skb);
	return 0;
}
static struct packet_type my_packets = {
	.type = cpu_to_be16(0x88b5), /* for local experiments */
	.func = receives,
};
static int add_packets(void)
{
	dev_add_pack(&my_packets);
	return 0;
}
static void remove_packets(void)
{
	dev_remove_pack(&my_packets);
}

static int handles(struct sk_buff *skb)
{
	kfree_skb(skb);
	return 0;
}
static const struct net_protocol my_protocol = {
	.handler = handles,
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0)
	.netns_ok = 1,
#endif
};
#define MY_PROTOCOL 253 /* for experiments */
static int add_protocol(void)
{
	return inet_add_protocol(&my_protocol, MY_PROTOCOL);
}
static void remove_protocol(void)
{
	inet_del_protocol(&my_protocol, MY_PROTOCOL);
}

static int opens(struct inode *inode, struct file *file)
{
	return -ENODEV;
}
static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = opens,
};
static struct cdev my_device;
#define MY_NUMBER MKDEV(240, 7) /* for experiments; not in /proc/devices */
static int add_device(void)
{
	cdev_init(&my_device, &operations);
	my_device.owner = THIS_MODULE;
	return cdev_add(&my_device, MY_NUMBER, 1);
}
static void remove_device(void)
{
	cdev_del(&my_device);
}

static int hash_step(struct shash_desc *desc, const u8 *data, unsigned int size)
{
	return 0;
}
static int hash_begin(struct shash_desc *desc)
{
	return 0;
}
static int hash_end(struct shash_desc *desc, u8 *out)
{
	*out = 0;
	return 0;
}
static struct shash_alg my_hash = {
	.digestsize = 1,
	.init = hash_begin,
	.update = hash_step,
	.final = hash_end,
	.base = {
		.cra_name = "kinds",
		.cra_driver_name = "kinds-generic",
		.cra_blocksize = 1,
		.cra_module = THIS_MODULE,
	},
};
static int add_hash(void)
{
	return crypto_register_shash(&my_hash);
}
static void remove_hash(void)
{
	crypto_unregister_shash(&my_hash);
}

static int before(struct kprobe *probe, struct pt_regs *registers)
{
	return 0;
}
static struct kprobe my_probe = {
	.symbol_name = "kernel_power_off",
	.pre_handler = before,
};
static int add_probe(void)
{
	return register_kprobe(&my_probe);
}
static void remove_probe(void)
{
	unregister_kprobe(&my_probe);
}

static void sets_up(struct net_device *device)
{
}
static struct rtnl_link_ops my_link = { .kind = "kinds", .setup = sets_up };
static int add_link(void)
{
	return rtnl_link_register(&my_link);
}
static void remove_link(void)
{
	rtnl_link_unregister(&my_link);
}

static int instantiates(struct key *key, struct key_preparsed_payload *load)
{
	return -EINVAL;
}
static struct key_type my_keys = {
	.name = "kinds",
	.instantiate = instantiates,
};
static int add_keys(void)
{
	return register_key_type(&my_keys);
}
static void remove_keys(void)
{
	unregister_key_type(&my_keys);
}

static int comes_up(unsigned int cpu)
{
	return 0;
}
static int cpu_state;
static int add_cpu_state(void)
{
	cpu_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "kinds:up",
					      comes_up, NULL);
	return cpu_state < 0 ? cpu_state : 0;
}
static void remove_cpu_state(void)
{
	cpuhp_remove_state_nocalls(cpu_state);
}

static int answers(struct sk_buff *skb, struct genl_info *info)
{
	return 0;
}
static const struct genl_ops my_commands[] = {
	{ .cmd = 1, .doit = answers },
};
static struct genl_family my_family = {
	.name = "kinds",
	.version = 1,
	.module = THIS_MODULE,
	.ops = my_commands,
	.n_ops = ARRAY_SIZE(my_commands),
};
static int add_family(void)
{
	return genl_register_family(&my_family);
}
static void remove_family(void)
{
	genl_unregister_family(&my_family);
}

static const struct kind {
	const char *name;
	int (*add)(void);
	void (*remove)(void);
} kinds[] = {
	{ "file_system", add_filesystem, remove_filesystem },
	{ "binary_format", add_format, remove_format },
	{ "device_notifier", add_of_devices, remove_of_devices },
	{ "panic_notifier", add_of_panics, remove_of_panics },
	{ "reboot_notifier", add_of_reboots, remove_of_reboots },
	{ "module_notifier", add_of_modules, remove_of_modules },
	{ "netfilter_hook", add_hook, remove_hook },
	{ "packet_type", add_packets, remove_packets },
	{ "protocol", add_protocol, remove_protocol },
	{ "character_device", add_device, remove_device },
	{ "hash", add_hash, remove_hash },
	{ "kprobe", add_probe, remove_probe },
	{ "link_kind", add_link, remove_link },
	{ "key_type", add_keys, remove_keys },
	{ "cpu_state", add_cpu_state, remove_cpu_state },
	{ "netlink_family", add_family, remove_family },
};

#endif
