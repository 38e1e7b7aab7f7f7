// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: takes network buffers and gets rid of them in each way that drivers
 * use: at once, later, to the network stack, into the kernel's own list of
 * spare buffers, after they were cloned.
 */
#include <linux/etherdevice.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#define ROUNDS 40
#define LENGTH 200

static struct net_device *device;
static struct sk_buff_head queue;

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

static struct sk_buff *filled(void)
{
	struct sk_buff *skb = netdev_alloc_skb(device, LENGTH);

	if (skb)
		skb_put_zero(skb, 60);
	return skb;
}

static void free_at_once(void)
{
	kfree_skb(alloc_skb(LENGTH, GFP_KERNEL));
	consume_skb(filled());
	dev_kfree_skb_any(filled());
}

static void free_later(void)
{
	struct sk_buff *skb = filled();

	local_irq_disable();
	if (skb)
		dev_kfree_skb_irq(skb);
	local_irq_enable();
}

static void keep_for_a_while(void)
{
	struct sk_buff *skb = filled();

	if (skb)
		skb_queue_tail(&queue, skb);
	if (skb_queue_len(&queue) > 4)
		consume_skb(skb_dequeue(&queue));
}

static void receive(void)
{
	struct sk_buff *skb = filled();

	if (!skb)
		return;
	skb->protocol = eth_type_trans(skb, device);
	netif_rx(skb);
}

static void finish_sending(void)
{
	struct sk_buff *skb = filled();

	local_bh_disable();
	napi_consume_skb(skb, 64);
	local_bh_enable();
}

static void copy(void)
{
	struct sk_buff *skb = alloc_skb_fclone(LENGTH, GFP_KERNEL), *clone, *other, *copied, *roomy;

	if (!skb)
		return;
	skb_put_zero(skb, 60);
	clone = skb_clone(skb, GFP_KERNEL);
	other = skb_clone(skb, GFP_KERNEL);
	copied = skb_copy(skb, GFP_KERNEL);
	roomy = skb_realloc_headroom(skb, 128);
	kfree_skb(skb);
	kfree_skb(other);
	consume_skb(clone);
	kfree_skb(roomy);
	kfree_skb(copied);
}

static int __init gives_buffers_away_init(void)
{
	int error, i;

	skb_queue_head_init(&queue);
	device = alloc_netdev(0, "buffers%d", NET_NAME_ENUM, setup);
	if (!device)
		return -ENOMEM;
	error = register_netdev(device);
	if (error) {
		free_netdev(device);
		return error;
	}
	for (i = 0; i < ROUNDS; i++) {
		free_at_once();
		free_later();
		keep_for_a_while();
		receive();
		finish_sending();
		copy();
	}
	return 0;
}

static void __exit gives_buffers_away_exit(void)
{
	skb_queue_purge(&queue);
	unregister_netdev(device);
	free_netdev(device);
}

module_init(gives_buffers_away_init);
module_exit(gives_buffers_away_exit);

MODULE_DESCRIPTION("Healthy: gets rid of network buffers in many ways");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
