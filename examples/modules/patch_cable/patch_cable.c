// SPDX-License-Identifier: GPL-2.0-or-later
// Two network cards with a cable between them: what one sends, the other receives.
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

static struct net_device *ends[2];

struct plug {
	struct net_device *peer;
};

static netdev_tx_t plug_send(struct sk_buff *skb, struct net_device *dev)
{
	struct plug *plug = netdev_priv(dev);
	struct net_device *peer = plug->peer;
	unsigned int bytes = skb->len;

	if (!netif_running(peer)) {
		dev->stats.tx_dropped++;
		dev_kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += bytes;
	/* As on a real wire, nothing of the sender's state arrives: its network namespace least of all. */
	if (dev_forward_skb(peer, skb) == NET_RX_SUCCESS) {
		peer->stats.rx_packets++;
		peer->stats.rx_bytes += bytes;
	} else {
		peer->stats.rx_dropped++;
	}
	return NETDEV_TX_OK;
}

static const struct net_device_ops plug_operations = {
	.ndo_start_xmit = plug_send,
};

static void plug_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &plug_operations;
	eth_hw_addr_random(dev);
}

static int __init patch_cable_init(void)
{
	int i, error = 0;

	for (i = 0; i < 2; i++) {
		ends[i] = alloc_netdev(sizeof(struct plug), "plug%d", NET_NAME_ENUM, plug_setup);
		if (!ends[i]) {
			error = -ENOMEM;
			goto free_ends;
		}
	}
	((struct plug *)netdev_priv(ends[0]))->peer = ends[1];
	((struct plug *)netdev_priv(ends[1]))->peer = ends[0];
	error = register_netdev(ends[0]);
	if (error)
		goto free_ends;
	error = register_netdev(ends[1]);
	if (error)
		goto unregister_first;
	return 0;

unregister_first:
	unregister_netdev(ends[0]);
free_ends:
	for (i = 0; i < 2; i++) {
		if (ends[i])
			free_netdev(ends[i]);
		ends[i] = NULL;
	}
	return error;
}

static void __exit patch_cable_exit(void)
{
	int i;

	for (i = 0; i < 2; i++)
		unregister_netdev(ends[i]);
	for (i = 0; i < 2; i++)
		free_netdev(ends[i]);
}

module_init(patch_cable_init);
module_exit(patch_cable_exit);

MODULE_DESCRIPTION("Example: network cards");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
