// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/faults/fault_functions.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <fnmatch.h>
#include <iterator>

namespace kmodtest::kernel {
namespace {

/// One line for each symbol: its name in a module's source, what failing means, what the caller should return, and the
/// argument with the GFP flags. Not here: functions that hand over what their caller has to put back even after a
/// failure (device_register(), kobject_init_and_add(), platform_device_register()), because one that never ran has made
/// nothing to put back.
constexpr FaultFunction kFunctions[] = {
    // Memory: slab.
    {"kmem_cache_alloc_trace", "kmalloc", Failure::null, ENOMEM, 1},
    {"kmem_cache_alloc_node_trace", "kmalloc", Failure::null, ENOMEM, 1},
    {"kmalloc_trace", "kmalloc", Failure::null, ENOMEM, 1},
    {"kmalloc_trace_noprof", "kmalloc", Failure::null, ENOMEM, 1},
    {"kmalloc_node_trace", "kmalloc", Failure::null, ENOMEM, 1},
    {"kmalloc_node_trace_noprof", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc_noprof", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc_node", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc_node_noprof", "kmalloc", Failure::null, ENOMEM},
    {"__kmalloc_cache_noprof", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc_cache_node_noprof", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc_node_track_caller", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc_track_caller", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc_node_track_caller_noprof", "kmalloc", Failure::null, ENOMEM},
    {"kmalloc_order", "kmalloc", Failure::null, ENOMEM, 1},
    {"kmalloc_order_trace", "kmalloc", Failure::null, ENOMEM, 1},
    {"kmalloc_large", "kmalloc", Failure::null, ENOMEM, 1},
    {"kmalloc_large_node", "kmalloc", Failure::null, ENOMEM, 1},
    {"kmalloc_large_noprof", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc_large_noprof", "kmalloc", Failure::null, ENOMEM, 1},
    {"__kmalloc_large_node_noprof", "kmalloc", Failure::null, ENOMEM, 1},
    {"krealloc", "krealloc", Failure::null, ENOMEM, 2},
    {"krealloc_noprof", "krealloc", Failure::null, ENOMEM, 2},
    {"krealloc_node_align_noprof", "krealloc", Failure::null, ENOMEM, 3},
    {"kvmalloc_node", "kvmalloc", Failure::null, ENOMEM, 1},
    {"kvmalloc_node_noprof", "kvmalloc", Failure::null, ENOMEM, 1},
    {"__kvmalloc_node_noprof", "kvmalloc", Failure::null, ENOMEM},
    {"kmemdup", "kmemdup", Failure::null, ENOMEM, 2},
    {"kmemdup_noprof", "kmemdup", Failure::null, ENOMEM, 2},
    {"kstrdup", "kstrdup", Failure::null, ENOMEM, 1},
    {"kstrdup_const", "kstrdup", Failure::null, ENOMEM, 1},
    {"kstrndup", "kstrndup", Failure::null, ENOMEM, 2},
    {"kmemdup_nul", "kmemdup_nul", Failure::null, ENOMEM, 2},
    {"kasprintf", "kasprintf", Failure::null, ENOMEM, 0},
    {"kvasprintf", "kvasprintf", Failure::null, ENOMEM, 0},
    {"kmem_cache_alloc", "kmem_cache_alloc", Failure::null, ENOMEM, 1},
    {"kmem_cache_alloc_noprof", "kmem_cache_alloc", Failure::null, ENOMEM, 1},
    {"kmem_cache_alloc_node", "kmem_cache_alloc", Failure::null, ENOMEM, 1},
    {"kmem_cache_alloc_node_noprof", "kmem_cache_alloc", Failure::null, ENOMEM, 1},
    {"kmem_cache_alloc_lru", "kmem_cache_alloc", Failure::null, ENOMEM, 2},
    {"kmem_cache_alloc_lru_noprof", "kmem_cache_alloc", Failure::null, ENOMEM, 2},
    {"kmem_cache_create", "kmem_cache_create", Failure::null, ENOMEM},
    {"kmem_cache_create_usercopy", "kmem_cache_create", Failure::null, ENOMEM},
    {"__kmem_cache_create_args", "kmem_cache_create", Failure::null, ENOMEM},
    // Memory: pages, vmalloc, per CPU, pools, DMA.
    {"alloc_pages", "alloc_pages", Failure::null, ENOMEM, 0},
    {"__alloc_pages", "alloc_pages", Failure::null, ENOMEM, 0},
    {"alloc_pages_noprof", "alloc_pages", Failure::null, ENOMEM, 0},
    {"__alloc_pages_noprof", "alloc_pages", Failure::null, ENOMEM, 0},
    {"__alloc_pages_nodemask", "alloc_pages", Failure::null, ENOMEM, 0},
    {"alloc_pages_current", "alloc_pages", Failure::null, ENOMEM, 0},
    {"__folio_alloc", "alloc_pages", Failure::null, ENOMEM, 0},
    {"__folio_alloc_noprof", "alloc_pages", Failure::null, ENOMEM, 0},
    {"folio_alloc_noprof", "alloc_pages", Failure::null, ENOMEM, 0},
    {"__get_free_pages", "__get_free_pages", Failure::null, ENOMEM, 0},
    {"get_free_pages_noprof", "__get_free_pages", Failure::null, ENOMEM, 0},
    {"get_zeroed_page", "get_zeroed_page", Failure::null, ENOMEM, 0},
    {"get_zeroed_page_noprof", "get_zeroed_page", Failure::null, ENOMEM, 0},
    {"alloc_pages_exact", "alloc_pages_exact", Failure::null, ENOMEM, 1},
    {"alloc_pages_exact_noprof", "alloc_pages_exact", Failure::null, ENOMEM, 1},
    {"vmalloc", "vmalloc", Failure::null, ENOMEM},
    {"vmalloc_noprof", "vmalloc", Failure::null, ENOMEM},
    {"vmalloc_node", "vmalloc", Failure::null, ENOMEM},
    {"vmalloc_user", "vmalloc", Failure::null, ENOMEM},
    {"vmalloc_user_noprof", "vmalloc", Failure::null, ENOMEM},
    {"vmalloc_32", "vmalloc", Failure::null, ENOMEM},
    {"vmalloc_32_noprof", "vmalloc", Failure::null, ENOMEM},
    {"vzalloc", "vzalloc", Failure::null, ENOMEM},
    {"vzalloc_noprof", "vzalloc", Failure::null, ENOMEM},
    {"vzalloc_node", "vzalloc", Failure::null, ENOMEM},
    {"vzalloc_node_noprof", "vzalloc", Failure::null, ENOMEM},
    {"__vmalloc", "__vmalloc", Failure::null, ENOMEM, 1},
    {"__vmalloc_noprof", "__vmalloc", Failure::null, ENOMEM, 1},
    {"vmap", "vmap", Failure::null, ENOMEM},
    {"__alloc_percpu", "alloc_percpu", Failure::null, ENOMEM},
    {"__alloc_percpu_gfp", "alloc_percpu", Failure::null, ENOMEM},
    {"pcpu_alloc_noprof", "alloc_percpu", Failure::null, ENOMEM},
    {"mempool_create", "mempool_create", Failure::null, ENOMEM},
    {"mempool_create_node", "mempool_create", Failure::null, ENOMEM},
    {"mempool_create_node_noprof", "mempool_create", Failure::null, ENOMEM},
    {"mempool_alloc", "mempool_alloc", Failure::null, ENOMEM, 1},
    {"mempool_alloc_noprof", "mempool_alloc", Failure::null, ENOMEM, 1},
    {"dma_alloc_attrs", "dma_alloc_coherent", Failure::null, ENOMEM, 3},
    {"dma_pool_create", "dma_pool_create", Failure::null, ENOMEM},
    {"dma_pool_create_node", "dma_pool_create", Failure::null, ENOMEM},
    {"dma_pool_alloc", "dma_pool_alloc", Failure::null, ENOMEM},
    {"devm_kmalloc", "devm_kmalloc", Failure::null, ENOMEM, 2},
    {"devm_kmemdup", "devm_kmemdup", Failure::null, ENOMEM, 3},
    {"devm_kstrdup", "devm_kstrdup", Failure::null, ENOMEM, 2},
    {"devm_kasprintf", "devm_kasprintf", Failure::null, ENOMEM, 1},
    {"devm_add_action", "devm_add_action", Failure::error, ENOMEM},
    {"__devm_add_action", "devm_add_action", Failure::error, ENOMEM},
    {"idr_alloc", "idr_alloc", Failure::error, ENOMEM, 4},
    {"ida_alloc_range", "ida_alloc", Failure::error, ENOMEM, 3},
    {"__kfifo_alloc", "kfifo_alloc", Failure::error, ENOMEM, 3},
    {"bitmap_alloc", "bitmap_alloc", Failure::null, ENOMEM, 1},
    {"bitmap_zalloc", "bitmap_zalloc", Failure::null, ENOMEM, 1},
    // Threads and work.
    {"kthread_create_on_node", "kthread_create", Failure::pointer, ENOMEM},
    {"kthread_create_on_cpu", "kthread_create", Failure::pointer, ENOMEM},
    {"kthread_create_worker", "kthread_create_worker", Failure::pointer, ENOMEM},
    {"kthread_create_worker_on_node", "kthread_create_worker", Failure::pointer, ENOMEM},
    {"kthread_create_worker_on_cpu", "kthread_create_worker", Failure::pointer, ENOMEM},
    {"alloc_workqueue", "alloc_workqueue", Failure::null, ENOMEM},
    {"alloc_workqueue_noprof", "alloc_workqueue", Failure::null, ENOMEM},
    {"smpboot_register_percpu_thread", "smpboot_register_percpu_thread", Failure::error, ENOMEM},
    {"__cpuhp_setup_state", "cpuhp_setup_state", Failure::error, ENOMEM},
    {"__cpuhp_state_add_instance", "cpuhp_state_add_instance", Failure::error, ENOMEM},
    // Interrupts and probes.
    {"request_threaded_irq", "request_irq", Failure::error, ENOMEM},
    {"request_any_context_irq", "request_any_context_irq", Failure::error, ENOMEM},
    {"devm_request_threaded_irq", "devm_request_irq", Failure::error, ENOMEM},
    {"__request_percpu_irq", "request_percpu_irq", Failure::error, ENOMEM},
    {"perf_event_create_kernel_counter", "perf_event_create_kernel_counter", Failure::pointer, ENOMEM},
    // Files: proc, sysfs, debugfs, seq_file, and user space.
    {"proc_create", "proc_create", Failure::null, ENOMEM},
    {"proc_create_data", "proc_create", Failure::null, ENOMEM},
    {"proc_create_seq_private", "proc_create", Failure::null, ENOMEM},
    {"proc_create_single_data", "proc_create", Failure::null, ENOMEM},
    {"proc_create_net_data", "proc_create", Failure::null, ENOMEM},
    {"proc_create_net_single", "proc_create", Failure::null, ENOMEM},
    {"proc_mkdir", "proc_mkdir", Failure::null, ENOMEM},
    {"proc_mkdir_data", "proc_mkdir", Failure::null, ENOMEM},
    {"proc_mkdir_mode", "proc_mkdir", Failure::null, ENOMEM},
    {"_proc_mkdir", "proc_mkdir", Failure::null, ENOMEM},
    {"proc_symlink", "proc_symlink", Failure::null, ENOMEM},
    {"register_sysctl", "register_sysctl", Failure::null, ENOMEM},
    {"register_sysctl_sz", "register_sysctl", Failure::null, ENOMEM},
    {"register_net_sysctl", "register_sysctl", Failure::null, ENOMEM},
    {"register_net_sysctl_sz", "register_sysctl", Failure::null, ENOMEM},
    {"register_sysctl_table", "register_sysctl", Failure::null, ENOMEM},
    {"sysfs_create_file_ns", "sysfs_create_file", Failure::error, ENOMEM},
    {"sysfs_create_files", "sysfs_create_file", Failure::error, ENOMEM},
    {"sysfs_create_group", "sysfs_create_group", Failure::error, ENOMEM},
    {"sysfs_create_groups", "sysfs_create_groups", Failure::error, ENOMEM},
    {"sysfs_create_bin_file", "sysfs_create_bin_file", Failure::error, ENOMEM},
    {"sysfs_create_link", "sysfs_create_link", Failure::error, ENOMEM},
    {"kobject_create_and_add", "kobject_create_and_add", Failure::null, ENOMEM},
    {"kobject_add", "kobject_add", Failure::error, ENOMEM},
    {"kset_create_and_add", "kset_create_and_add", Failure::null, ENOMEM},
    {"debugfs_create_dir", "debugfs_create_dir", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_file", "debugfs_create_file", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_file_unsafe", "debugfs_create_file", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_file_full", "debugfs_create_file", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_symlink", "debugfs_create_symlink", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_blob", "debugfs_create_blob", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_bool", "debugfs_create_bool", Failure::pointer, ENOMEM, -1, true},
    {"seq_open", "seq_open", Failure::error, ENOMEM},
    {"single_open", "single_open", Failure::error, ENOMEM},
    {"single_open_size", "single_open_size", Failure::error, ENOMEM},
    {"__seq_open_private", "seq_open_private", Failure::null, ENOMEM},
    {"seq_open_private", "seq_open_private", Failure::error, ENOMEM},
    {"simple_attr_open", "simple_attr_open", Failure::error, ENOMEM},
    {"_copy_from_user", "copy_from_user", Failure::uncopied, EFAULT, 2},
    {"_copy_to_user", "copy_to_user", Failure::uncopied, EFAULT, 2},
    {"memdup_user", "memdup_user", Failure::pointer, ENOMEM},
    {"memdup_user_nul", "memdup_user_nul", Failure::pointer, ENOMEM},
    {"strndup_user", "strndup_user", Failure::pointer, ENOMEM},
    {"vmemdup_user", "vmemdup_user", Failure::pointer, ENOMEM},
    // Devices.
    {"__register_chrdev", "register_chrdev", Failure::error, ENOMEM},
    {"alloc_chrdev_region", "alloc_chrdev_region", Failure::error, ENOMEM},
    {"register_chrdev_region", "register_chrdev_region", Failure::error, ENOMEM},
    {"cdev_add", "cdev_add", Failure::error, ENOMEM},
    {"cdev_device_add", "cdev_device_add", Failure::error, ENOMEM},
    {"misc_register", "misc_register", Failure::error, ENOMEM},
    {"device_add", "device_add", Failure::error, ENOMEM},
    {"bus_register", "bus_register", Failure::error, ENOMEM},
    {"driver_register", "driver_register", Failure::error, ENOMEM},
    {"device_create_file", "device_create_file", Failure::error, ENOMEM},
    {"device_create_bin_file", "device_create_bin_file", Failure::error, ENOMEM},
    {"class_register", "class_register", Failure::error, ENOMEM},
    {"__class_register", "class_register", Failure::error, ENOMEM},
    {"platform_device_add", "platform_device_add", Failure::error, ENOMEM},
    {"platform_add_devices", "platform_add_devices", Failure::error, ENOMEM},
    {"cdev_alloc", "cdev_alloc", Failure::null, ENOMEM},
    {"class_create", "class_create", Failure::pointer, ENOMEM},
    {"__class_create", "class_create", Failure::pointer, ENOMEM},
    {"device_create", "device_create", Failure::pointer, ENOMEM},
    {"device_create_with_groups", "device_create_with_groups", Failure::pointer, ENOMEM},
    {"__root_device_register", "root_device_register", Failure::pointer, ENOMEM},
    {"platform_device_register_full", "platform_device_register_full", Failure::pointer, ENOMEM},
    {"__platform_create_bundle", "platform_create_bundle", Failure::pointer, ENOMEM},
    {"faux_device_create", "faux_device_create", Failure::null, ENOMEM},
    {"platform_device_alloc", "platform_device_alloc", Failure::null, ENOMEM},
    {"__platform_driver_register", "platform_driver_register", Failure::error, ENOMEM},
    {"__platform_driver_probe", "platform_driver_probe", Failure::error, ENOMEM},
    {"input_register_device", "input_register_device", Failure::error, ENOMEM},
    {"input_ff_create_memless", "input_ff_create_memless", Failure::error, ENOMEM},
    {"watchdog_register_device", "watchdog_register_device", Failure::error, ENOMEM},
    {"thermal_zone_device_register", "thermal_zone_device_register", Failure::pointer, ENOMEM},
    {"devm_hwmon_device_register_with_info", "devm_hwmon_device_register_with_info", Failure::pointer, ENOMEM},
    {"i2c_add_adapter", "i2c_add_adapter", Failure::error, ENOMEM},
    {"i2c_add_numbered_adapter", "i2c_add_numbered_adapter", Failure::error, ENOMEM},
    {"i2c_register_driver", "i2c_register_driver", Failure::error, ENOMEM},
    {"__spi_register_driver", "spi_register_driver", Failure::error, ENOMEM},
    {"gpiochip_add_data_with_key", "gpiochip_add_data_with_key", Failure::error, ENOMEM},
    {"tty_register_driver", "tty_register_driver", Failure::error, ENOMEM},
    {"uart_register_driver", "uart_register_driver", Failure::error, ENOMEM},
    {"led_classdev_register_ext", "led_classdev_register_ext", Failure::error, ENOMEM},
    {"snd_card_new", "snd_card_new", Failure::error, ENOMEM},
    {"snd_card_register", "snd_card_register", Failure::error, ENOMEM},
    {"__video_register_device", "video_register_device", Failure::error, ENOMEM},
    {"v4l2_device_register", "v4l2_device_register", Failure::error, ENOMEM},
    {"__uio_register_device", "uio_register_device", Failure::error, ENOMEM},
    {"input_allocate_device", "input_allocate_device", Failure::null, ENOMEM},
    {"__tty_alloc_driver", "tty_alloc_driver", Failure::pointer, ENOMEM},
    // PCI, memory of devices, USB.
    {"__pci_register_driver", "pci_register_driver", Failure::error, ENOMEM},
    {"pci_enable_device", "pci_enable_device", Failure::error, ENOMEM},
    {"pcim_enable_device", "pcim_enable_device", Failure::error, ENOMEM},
    {"pci_request_regions", "pci_request_regions", Failure::error, EBUSY},
    {"pci_request_region", "pci_request_region", Failure::error, EBUSY},
    {"pcim_iomap_regions", "pcim_iomap_regions", Failure::error, ENOMEM},
    {"pci_alloc_irq_vectors", "pci_alloc_irq_vectors", Failure::error, ENOMEM},
    {"pci_alloc_irq_vectors_affinity", "pci_alloc_irq_vectors_affinity", Failure::error, ENOMEM},
    {"pci_enable_msi", "pci_enable_msi", Failure::error, ENOMEM},
    {"pci_iomap", "pci_iomap", Failure::null, ENOMEM},
    {"pci_ioremap_bar", "pci_ioremap_bar", Failure::null, ENOMEM},
    {"pcim_iomap", "pcim_iomap", Failure::null, ENOMEM},
    {"ioremap", "ioremap", Failure::null, ENOMEM},
    {"ioremap_wc", "ioremap_wc", Failure::null, ENOMEM},
    {"ioremap_cache", "ioremap_cache", Failure::null, ENOMEM},
    {"devm_ioremap", "devm_ioremap", Failure::null, ENOMEM},
    {"memremap", "memremap", Failure::null, ENOMEM},
    {"devm_ioremap_resource", "devm_ioremap_resource", Failure::pointer, ENOMEM},
    {"devm_platform_ioremap_resource", "devm_platform_ioremap_resource", Failure::pointer, ENOMEM},
    {"__request_region", "request_region", Failure::null, EBUSY},
    {"__devm_request_region", "devm_request_region", Failure::null, EBUSY},
    {"usb_register_driver", "usb_register", Failure::error, ENOMEM},
    {"usb_register_dev", "usb_register_dev", Failure::error, ENOMEM},
    {"usb_alloc_urb", "usb_alloc_urb", Failure::null, ENOMEM, 1},
    {"usb_submit_urb", "usb_submit_urb", Failure::error, ENOMEM},
    {"usb_alloc_coherent", "usb_alloc_coherent", Failure::null, ENOMEM, 2},
    {"hid_allocate_device", "hid_allocate_device", Failure::pointer, ENOMEM},
    {"__hid_register_driver", "hid_register_driver", Failure::error, ENOMEM},
    // Network, block, file systems, crypto, firmware, notifiers.
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
    {"register_inetaddr_notifier", "register_inetaddr_notifier", Failure::error, ENOMEM},
    {"proto_register", "proto_register", Failure::error, ENOMEM},
    {"sock_register", "sock_register", Failure::error, ENOMEM},
    {"sock_create_kern", "sock_create_kern", Failure::error, ENOMEM},
    {"xt_register_target", "xt_register_target", Failure::error, ENOMEM},
    {"xt_register_match", "xt_register_match", Failure::error, ENOMEM},
    {"__netlink_kernel_create", "netlink_kernel_create", Failure::null, ENOMEM},
    {"__alloc_skb", "alloc_skb", Failure::null, ENOMEM, 1},
    {"__netdev_alloc_skb", "netdev_alloc_skb", Failure::null, ENOMEM, 2},
    {"skb_clone", "skb_clone", Failure::null, ENOMEM, 1},
    {"skb_copy", "skb_copy", Failure::null, ENOMEM, 1},
    {"__register_blkdev", "register_blkdev", Failure::error, ENOMEM},
    {"register_blkdev", "register_blkdev", Failure::error, ENOMEM},
    {"blk_mq_alloc_tag_set", "blk_mq_alloc_tag_set", Failure::error, ENOMEM},
    {"device_add_disk", "device_add_disk", Failure::error, ENOMEM},
    {"blk_mq_init_allocated_queue", "blk_mq_init_allocated_queue", Failure::error, ENOMEM},
    {"__blk_mq_alloc_disk", "blk_mq_alloc_disk", Failure::pointer, ENOMEM},
    {"blk_mq_init_queue", "blk_mq_init_queue", Failure::pointer, ENOMEM},
    {"__blk_alloc_disk", "blk_alloc_disk", Failure::pointer, ENOMEM},
    {"__alloc_disk_node", "alloc_disk", Failure::null, ENOMEM},
    {"register_filesystem", "register_filesystem", Failure::error, ENOMEM},
    {"kern_mount", "kern_mount", Failure::pointer, ENOMEM},
    {"crypto_alloc_shash", "crypto_alloc_shash", Failure::pointer, ENOMEM},
    {"crypto_alloc_ahash", "crypto_alloc_ahash", Failure::pointer, ENOMEM},
    {"crypto_alloc_skcipher", "crypto_alloc_skcipher", Failure::pointer, ENOMEM},
    {"crypto_alloc_aead", "crypto_alloc_aead", Failure::pointer, ENOMEM},
    {"crypto_alloc_base", "crypto_alloc_base", Failure::pointer, ENOMEM},
    {"crypto_alloc_akcipher", "crypto_alloc_akcipher", Failure::pointer, ENOMEM},
    {"crypto_register_shash", "crypto_register_shash", Failure::error, ENOMEM},
    {"crypto_register_alg", "crypto_register_alg", Failure::error, ENOMEM},
    {"crypto_register_skcipher", "crypto_register_skcipher", Failure::error, ENOMEM},
    {"request_firmware", "request_firmware", Failure::error, ENOENT},
    {"request_firmware_direct", "request_firmware_direct", Failure::error, ENOENT},
    {"firmware_request_nowarn", "firmware_request_nowarn", Failure::error, ENOENT},
    {"request_firmware_nowait", "request_firmware_nowait", Failure::error, ENOMEM},
    {"register_reboot_notifier", "register_reboot_notifier", Failure::error, ENOMEM},
    {"register_module_notifier", "register_module_notifier", Failure::error, ENOMEM},
    {"register_pm_notifier", "register_pm_notifier", Failure::error, ENOMEM},
    {"register_shrinker", "register_shrinker", Failure::error, ENOMEM},
    {"register_die_notifier", "register_die_notifier", Failure::error, ENOMEM},
    {"register_key_type", "register_key_type", Failure::error, ENOMEM},
    {"register_ftrace_function", "register_ftrace_function", Failure::error, ENOMEM},
    {"shrinker_alloc", "shrinker_alloc", Failure::null, ENOMEM},
};

bool matches(const FaultFunction &function, const std::vector<std::string> &globs) {
  if (globs.empty()) return true;
  return std::any_of(globs.begin(), globs.end(), [&](const std::string &glob) {
    return fnmatch(glob.c_str(), std::string(function.shown).c_str(), 0) == 0 ||
           fnmatch(glob.c_str(), std::string(function.symbol).c_str(), 0) == 0;
  });
}

}  // namespace

std::span<const FaultFunction> fault_functions() {
  return kFunctions;
}

const FaultFunction *find_fault_function(std::string_view symbol) {
  const auto *found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                   [symbol](const FaultFunction &one) { return one.symbol == symbol; });
  return found == std::end(kFunctions) ? nullptr : found;
}

std::vector<const FaultFunction *> fault_functions_of(const std::vector<std::string> &imported,
                                                      const std::vector<std::string> &globs) {
  std::vector<const FaultFunction *> found;
  for (const FaultFunction &function : kFunctions) {
    if (std::find(imported.begin(), imported.end(), function.symbol) == imported.end()) continue;
    if (matches(function, globs)) found.push_back(&function);
  }
  return found;
}

std::string fault_words(const FaultFunction &function) {
  std::string value;
  switch (function.failure) {
    case Failure::null:
      value = "0";
      break;
    case Failure::pointer:
    case Failure::error:
      value = std::to_string(-function.error);
      break;
    case Failure::uncopied:
      return fmt::format("{}:a{}:-1", function.symbol, function.argument);
  }
  return fmt::format("{}:{}:{}", function.symbol, value, function.argument);
}

}  // namespace kmodtest::kernel
