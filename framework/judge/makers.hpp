// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/modules/module_info.hpp"
#include "wire/records.hpp"

/// Separates what the modules under test can have made from what the kernel made meanwhile on its own.
namespace kmodtest::judge {

/// Returns false if no module can have created a thread with this name: none imports a function that creates threads,
/// or the name is none that its texts can make and the thread waits in code of the kernel's own.
bool can_have_made_thread(const std::vector<kernel::ModuleInfo> &modules, const wire::ThreadRecord &thread);

/// Returns the module whose texts name this thread: "ex" for "ex_worker" of ex, or for a name that it prints with a
/// format that begins with letters. Empty if there is none.
std::string maker_of_thread(const std::vector<kernel::ModuleInfo> &modules, std::string_view name);

/// Returns false if no module can have created a workqueue with this name.
bool can_have_made_workqueue(const std::vector<kernel::ModuleInfo> &modules, std::string_view name);

/// Returns false if no module can have created a slab cache with this name.
bool can_have_made_cache(const std::vector<kernel::ModuleInfo> &modules, std::string_view name);

/// Returns whether a format of printf, or a text without conversions, can print the name.
bool can_print(std::string_view format, std::string_view name);

}  // namespace kmodtest::judge
