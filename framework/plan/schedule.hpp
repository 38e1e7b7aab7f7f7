// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/records.hpp"

namespace kmodtest::plan {

/// A schedule: delays of steps, and of CPUs at instructions of the modules under test. A case with a schedule runs in a
/// QEMU that carries it out, and always in the same way.
struct Schedule {
  /// The address of a part of a module in the guest that the schedule was made with: "racy"; "racy.init" for what only
  /// its init function needs, "racy#2" for the second time that it was loaded.
  struct Module {
    std::string name;
    std::uint64_t address = 0;
    bool operator==(const Module &) const = default;
  };
  /// A CPU that is about to execute an instruction for the nth time waits so long.
  struct Hold {
    std::string module;    ///< as in Module; empty: `offset` is the instruction's address
    std::string function;  ///< of the module
    std::uint64_t offset = 0;
    std::uint64_t time = 1;  ///< counts from 1, over all CPUs
    wire::Microseconds wait{0};
    std::string source = {};  ///< "racy.c:31", for readers
    bool operator==(const Hold &) const = default;
    /// Returns "racy:worker+0x34".
    std::string place() const;
  };
  /// The agent waits so long before a step.
  struct Delay {
    std::uint32_t step = 0;  ///< counts from 1, as in the guest's log
    wire::Microseconds wait{0};
    bool operator==(const Delay &) const = default;
  };

  std::vector<std::string> about;  ///< lines of comment at the start
  std::vector<Module> modules;
  std::vector<Delay> delays;
  std::vector<Hold> holds;
  std::filesystem::path file;  ///< that it was read from; empty: none
  bool observes = false;       ///< find shared memory and trace the instructions; not part of the text

  std::size_t size() const { return delays.size() + holds.size(); }
  bool operator==(const Schedule &) const = default;
};

/// Returns the schedule as a file holds it.
std::string schedule_text(const Schedule &schedule);

/// Reads the text of a schedule. Sets `problem` to "line 3: …", and returns nothing, if it is not one.
std::optional<Schedule> parse_schedule(std::string_view text, std::string &problem);

/// Reads a file as above.
std::optional<Schedule> read_schedule(const std::filesystem::path &file, std::string &problem);

}  // namespace kmodtest::plan
