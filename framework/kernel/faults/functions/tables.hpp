// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "kernel/faults/fault_functions.hpp"

/// The functions that can be made to fail, by subject. A line has the symbol, its name in a module's source, what
/// failing means, what the caller should return, and the argument with the GFP flags. A function is not here if
/// - its caller has to put something back even after a failure (device_register(), kobject_init_and_add()), because a
///   function that never ran has made nothing to put back;
/// - it takes its argument away when it fails (snd_ctl_add(), skb_pad());
/// - it looks for something that a driver can do without (clk_get(), dma_request_chan(), dma_set_mask());
/// - it returns an error, but never does (nft_register_expr(), xt_register_target());
/// - hardly anybody looks at its result, since the next call fails instead (dev_set_name(), snd_ctl_new1()).
namespace kmodtest::kernel {

std::span<const FaultFunction> memory_functions();
std::span<const FaultFunction> work_functions();
std::span<const FaultFunction> files_functions();
std::span<const FaultFunction> devices_functions();
std::span<const FaultFunction> media_functions();
std::span<const FaultFunction> buses_functions();
std::span<const FaultFunction> network_functions();
std::span<const FaultFunction> storage_functions();

}  // namespace kmodtest::kernel
