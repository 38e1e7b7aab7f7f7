// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: has a network device while it is loaded.
 */
#include <linux/etherdevice.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/netdevice.h>

static struct net_device *device;

static netdev_tx_t drop(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops ops = { .ndo_start_xmit = drop };

static void setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &ops;
	eth_hw_addr_random(dev);
}

static int __init network_device_init(void)
{
	int error;

	device = alloc_netdev(0, "healthy%d", NET_NAME_ENUM, setup);
	if (!device)
		return -ENOMEM;
	error = register_netdev(device);
	if (error)
		free_netdev(device);
	return error;
}

static void __exit network_device_exit(void)
{
	unregister_netdev(device);
	free_netdev(device);
}

module_init(network_device_init);
module_exit(network_device_exit);

MODULE_DESCRIPTION("Healthy: has a network device");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
