// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/code/module_code.hpp"
#include "wire/coverage_memory.hpp"

/// From addresses to modules: several modules can have been at one address in a case.
namespace kmodtest::run {

/// A module was loaded or unloaded.
struct LoadEvent {
  std::uint32_t reports = 0;  ///< bytes of agent messages, up to the one that reports it
  std::string module;         ///< as lsmod prints it
  bool loads = true;
  std::optional<std::uint64_t> address = {};  ///< where its code is; nothing if it was refused
  bool operator==(const LoadEvent &) const = default;
};

/// Reads them from the bytes of the agent's messages. Ends where these are damaged.
std::vector<LoadEvent> load_events(std::string_view report_bytes);

using ModuleCodes = std::map<std::string, const kernel::ModuleCode *>;  ///< by the name that lsmod prints
/// The counts of one module's instructions.
using PlacedCounts = std::map<kernel::ModuleCode::Place, wire::CodeCount>;

/// Finds out to which module each instruction belonged: to one that was loaded when it was first executed, or to the
/// one that was being loaded. The kernel does not tell where the code of an init function is; nor where a module was
/// that it refused. Both are found by the entries of the module's functions, since its code begins at a page.
std::map<std::string, PlacedCounts> place_counts(const std::vector<wire::CodeCount> &counts,
                                                 const std::vector<LoadEvent> &events, const ModuleCodes &modules);

}  // namespace kmodtest::run
