// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>

#include "kernel/faults/functions/tables.hpp"

namespace kmodtest::kernel {
namespace {

constexpr FaultFunction kWorkFunctions[] = {
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
    {"register_kprobe", "register_kprobe", Failure::error, ENOMEM},
    {"register_kprobes", "register_kprobes", Failure::error, ENOMEM},
    {"register_kretprobe", "register_kretprobe", Failure::error, ENOMEM},
    {"tracepoint_probe_register", "tracepoint_probe_register", Failure::error, ENOMEM},
    {"devm_request_any_context_irq", "devm_request_any_context_irq", Failure::error, ENOMEM},
    {"pci_request_irq", "pci_request_irq", Failure::error, ENOMEM},
    {"platform_get_irq", "platform_get_irq", Failure::error, ENXIO},
    {"platform_get_irq_byname", "platform_get_irq_byname", Failure::error, ENXIO},
    {"__irq_domain_add", "irq_domain_add", Failure::null, ENOMEM},
    {"__irq_alloc_descs", "irq_alloc_descs", Failure::error, ENOMEM},
    {"devm_regmap_add_irq_chip", "devm_regmap_add_irq_chip", Failure::error, ENOMEM},
    {"dma_async_device_register", "dma_async_device_register", Failure::error, ENOMEM},
    {"cpufreq_register_driver", "cpufreq_register_driver", Failure::error, ENOMEM},
    // Firmware and notifiers.
    {"request_firmware", "request_firmware", Failure::error, ENOENT},
    {"request_firmware_direct", "request_firmware_direct", Failure::error, ENOENT, -1, true},
    {"firmware_request_nowarn", "firmware_request_nowarn", Failure::error, ENOENT, -1, true},
    {"request_firmware_nowait", "request_firmware_nowait", Failure::error, ENOMEM},
    {"register_reboot_notifier", "register_reboot_notifier", Failure::error, ENOMEM, -1, true},
    {"register_module_notifier", "register_module_notifier", Failure::error, ENOMEM, -1, true},
    {"register_pm_notifier", "register_pm_notifier", Failure::error, ENOMEM, -1, true},
    {"register_shrinker", "register_shrinker", Failure::error, ENOMEM},
    {"register_die_notifier", "register_die_notifier", Failure::error, ENOMEM, -1, true},
    {"register_key_type", "register_key_type", Failure::error, ENOMEM},
    {"register_ftrace_function", "register_ftrace_function", Failure::error, ENOMEM},
    {"shrinker_alloc", "shrinker_alloc", Failure::null, ENOMEM},
};

}  // namespace

std::span<const FaultFunction> work_functions() {
  return kWorkFunctions;
}

}  // namespace kmodtest::kernel
