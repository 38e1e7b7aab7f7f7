// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "kernel/modules/symvers.hpp"

namespace kmodtest::kernel {

struct ModuleInfo;

/// A function that a module calls without calling the one that takes back what it makes. Both names are without leading
/// underscores: macros and inline functions of the kernel's headers hide those.
struct OpenCall {
  std::string makes;  ///< "register_netdevice_notifier"
  std::string undo;   ///< "unregister_netdevice_notifier"
  bool operator==(const OpenCall &) const = default;
};

/// Returns "x_unregister() is missing: the module calls x_register()".
std::string words(const OpenCall &call);

/// Returns the first such call of a module's imports; nothing if there is none. Where a table does not know the name of
/// `undo`, it is made by the rules of the kernel's names, and only believed if the kernel exports it.
std::optional<OpenCall> open_call(const ModuleInfo &module, const Exports &exports);

}  // namespace kmodtest::kernel
