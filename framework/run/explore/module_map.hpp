// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "judge/observations.hpp"
#include "kernel/modules/module_info.hpp"
#include "kernel/symbols/symbols.hpp"
#include "plan/schedule.hpp"
#include "wire/schedule_memory.hpp"

namespace kmodtest::run {

/// Knows where a guest has the code of the modules under test, and names the instructions. Only one thread may use it
/// at a time.
class ModuleMap {
 public:
  /// `headers`: the kernel's, whose sources may be shown; empty: none.
  explicit ModuleMap(const std::vector<kernel::ModuleInfo> &modules, const std::filesystem::path &headers = {});

  /// Learns the addresses from a schedule, or from a run with one.
  void learn(const std::vector<plan::Schedule::Module> &parts);
  void learn(const judge::Observations &seen);

  /// Returns all parts that are known.
  std::vector<plan::Schedule::Module> parts() const;

  /// Returns whether the address is in a module under test.
  bool contains(std::uint64_t address) const { return part_of(address) != nullptr; }
  /// Names the place of a hold that has only an address, and its source line. Changes nothing if it has no name.
  void name(plan::Schedule::Hold &hold);
  /// Returns the address of a hold's place; nothing if there is no such place any more.
  std::optional<std::uint64_t> address_of(const plan::Schedule::Hold &hold) const;
  /// Returns the function at an address; empty if there is none.
  std::string function_at(std::uint64_t address) const;
  /// Returns the innermost source line of an instruction that is not in a header of the kernel.
  std::optional<kernel::SourceLine> line_at(std::uint64_t address);

 private:
  struct Part {
    plan::Schedule::Module module;
    kernel::ModuleSymbols *symbols = nullptr;
    kernel::ModuleSymbols::Part part = kernel::ModuleSymbols::Part::kept;
  };
  const Part *part_of(std::uint64_t address) const;
  void add(const std::string &name, std::uint64_t address, kernel::ModuleSymbols::Part part);
  void learn_init(std::uint64_t address);

  std::map<std::string, std::unique_ptr<kernel::ModuleSymbols>> symbols_;  ///< by the name that lsmod prints
  std::map<std::string, std::string> init_functions_;
  std::vector<Part> parts_;
};

/// Returns the points for QEMU. Throws base::UsageError for a hold whose place is gone.
std::vector<wire::SchedulePoint> points_of(const plan::Schedule &schedule,
                                           const std::vector<kernel::ModuleInfo> &modules);

}  // namespace kmodtest::run
