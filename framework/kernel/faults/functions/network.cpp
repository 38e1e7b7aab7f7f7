// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>

#include "kernel/faults/functions/tables.hpp"

namespace kmodtest::kernel {
namespace {

constexpr FaultFunction kNetworkFunctions[] = {
    // Interfaces, sockets, buffers, filters.
    {"alloc_netdev_mqs", "alloc_netdev", Failure::null, ENOMEM},
    {"alloc_etherdev_mqs", "alloc_etherdev", Failure::null, ENOMEM},
    {"register_netdev", "register_netdev", Failure::error, ENOMEM},
    {"register_netdevice", "register_netdevice", Failure::error, ENOMEM},
    {"nf_register_net_hook", "nf_register_net_hook", Failure::error, ENOMEM},
    {"nf_register_net_hooks", "nf_register_net_hooks", Failure::error, ENOMEM},
    {"register_pernet_subsys", "register_pernet_subsys", Failure::error, ENOMEM},
    {"register_pernet_device", "register_pernet_device", Failure::error, ENOMEM},
    {"genl_register_family", "genl_register_family", Failure::error, ENOMEM},
    {"rtnl_link_register", "rtnl_link_register", Failure::error, ENOMEM},
    {"register_netdevice_notifier", "register_netdevice_notifier", Failure::error, ENOMEM},
    {"register_inetaddr_notifier", "register_inetaddr_notifier", Failure::error, ENOMEM, -1, true},
    {"proto_register", "proto_register", Failure::error, ENOMEM},
    {"sock_register", "sock_register", Failure::error, ENOMEM},
    {"sock_create_kern", "sock_create_kern", Failure::error, ENOMEM},
    {"__netlink_kernel_create", "netlink_kernel_create", Failure::null, ENOMEM},
    {"__alloc_skb", "alloc_skb", Failure::null, ENOMEM, 1},
    {"__netdev_alloc_skb", "netdev_alloc_skb", Failure::null, ENOMEM, 2},
    {"__napi_alloc_skb", "napi_alloc_skb", Failure::null, ENOMEM, 2},
    {"napi_alloc_skb", "napi_alloc_skb", Failure::null, ENOMEM},
    {"alloc_skb_with_frags", "alloc_skb_with_frags", Failure::null, ENOMEM, 4},
    {"build_skb", "build_skb", Failure::null, ENOMEM},
    {"skb_copy_expand", "skb_copy_expand", Failure::null, ENOMEM, 3},
    {"__pskb_copy_fclone", "pskb_copy", Failure::null, ENOMEM, 2},
    {"skb_realloc_headroom", "skb_realloc_headroom", Failure::null, ENOMEM},
    {"skb_clone", "skb_clone", Failure::null, ENOMEM, 1},
    {"skb_copy", "skb_copy", Failure::null, ENOMEM, 1},
    {"wiphy_new_nm", "wiphy_new", Failure::null, ENOMEM},
    {"wiphy_register", "wiphy_register", Failure::error, ENOMEM},
    {"ieee80211_alloc_hw_nm", "ieee80211_alloc_hw", Failure::null, ENOMEM},
    {"ieee80211_register_hw", "ieee80211_register_hw", Failure::error, ENOMEM},
    {"alloc_candev_mqs", "alloc_candev", Failure::null, ENOMEM},
    {"register_candev", "register_candev", Failure::error, ENOMEM},
    {"alloc_can_skb", "alloc_can_skb", Failure::null, ENOMEM},
    {"alloc_canfd_skb", "alloc_canfd_skb", Failure::null, ENOMEM},
    {"can_rx_register", "can_rx_register", Failure::error, ENOMEM},
    {"hci_alloc_dev_priv", "hci_alloc_dev", Failure::null, ENOMEM},
    {"hci_register_dev", "hci_register_dev", Failure::error, ENOMEM},
    {"mdiobus_alloc_size", "mdiobus_alloc", Failure::null, ENOMEM},
    {"devm_mdiobus_alloc_size", "devm_mdiobus_alloc", Failure::null, ENOMEM},
    {"__mdiobus_register", "mdiobus_register", Failure::error, ENOMEM},
    {"phy_connect", "phy_connect", Failure::pointer, ENODEV},
    {"devm_alloc_etherdev_mqs", "devm_alloc_etherdev", Failure::null, ENOMEM},
    {"devm_register_netdev", "devm_register_netdev", Failure::error, ENOMEM},
    {"inet_add_protocol", "inet_add_protocol", Failure::error, ENOMEM},
    {"tcp_register_congestion_control", "tcp_register_congestion_control", Failure::error, EINVAL},
    {"register_qdisc", "register_qdisc", Failure::error, ENOMEM},
    {"sk_alloc", "sk_alloc", Failure::null, ENOMEM, 2},
    {"sock_create", "sock_create", Failure::error, ENOMEM},
    {"sock_create_lite", "sock_create_lite", Failure::error, ENOMEM},
    {"kernel_bind", "kernel_bind", Failure::error, EADDRINUSE},
    {"kernel_listen", "kernel_listen", Failure::error, EADDRINUSE},
    {"pskb_expand_head", "pskb_expand_head", Failure::error, ENOMEM, 3},
    {"dst_alloc", "dst_alloc", Failure::null, ENOMEM},
    {"ppp_register_net_channel", "ppp_register_net_channel", Failure::error, ENOMEM},
    {"ppp_register_channel", "ppp_register_channel", Failure::error, ENOMEM},
    {"ppp_register_compressor", "ppp_register_compressor", Failure::error, ENOMEM},
    {"rtnl_register_module", "rtnl_register_module", Failure::error, ENOMEM},
    {"nfnetlink_subsys_register", "nfnetlink_subsys_register", Failure::error, EBUSY},
    {"nf_register_sockopt", "nf_register_sockopt", Failure::error, EBUSY},
    {"nf_conntrack_helper_register", "nf_conntrack_helper_register", Failure::error, ENOMEM},
    {"nf_conntrack_helpers_register", "nf_conntrack_helpers_register", Failure::error, ENOMEM},
    {"register_fib_notifier", "register_fib_notifier", Failure::error, ENOMEM},
    {"udp_sock_create4", "udp_sock_create4", Failure::error, ENOMEM},
    {"xfrm_register_type", "xfrm_register_type", Failure::error, ENOMEM},
    {"xfrm4_protocol_register", "xfrm4_protocol_register", Failure::error, ENOMEM},
};

}  // namespace

std::span<const FaultFunction> network_functions() {
  return kNetworkFunctions;
}

}  // namespace kmodtest::kernel
