// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kmodtest::plan {

struct Case;
struct Node;
struct Scope;

/// Which calls of the modules under test fail: calls of functions of the kernel that allocate or register something.
struct Fault {
  static constexpr std::uint32_t kAlways = 1'000'000;
  static constexpr std::uint64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

  enum class Mode : std::uint8_t {
    none,   ///< nothing is loaded into the guest; the rest says what a sweep may do
    count,  ///< calls are counted, and none fails
    fail
  };
  Mode mode = Mode::none;
  std::uint64_t from = 0;                   ///< the number of the first call that fails; counts from 1
  std::uint64_t until = 0;                  ///< the number of the last one
  std::uint32_t chance = kAlways;           ///< how many of a million of these fail
  std::uint64_t seed = 1;                   ///< chooses them
  std::vector<std::string> functions = {};  ///< globs; without any, all functions count
  std::vector<std::string> tolerates = {};  ///< globs of FUNCTION, FUNCTION@PLACE: a load may go on after these
  std::string call = {};                    ///< "kmalloc@my_init+0x3e my.c:41", if it was seen in an earlier run
  bool operator==(const Fault &) const = default;
};

/// Reads the map `fail` of a plan.
Fault read_fault(const Node &map, Scope &scope);

/// Returns the lines of a plan that have this meaning: "fail:\n  nth: 3\n"; empty if there is nothing to say.
std::string fault_text(const Fault &fault);

/// Returns the case with this fault. It has no repeats any more. If calls fail, the modules are loaded and unloaded
/// once more at its end, without a call that fails.
Case with_fault(Case test_case, Fault fault);

/// Returns the case whose call with this number fails. Its id has the number: "my_module [cpus=2 fail=3]". `call`: as
/// in Fault.
Case with_failing_call(const Case &test_case, std::uint64_t number, const std::string &call);

/// Returns the id that selects the case together with its options: without `call`.
std::string id_to_select(const Case &test_case);

/// Returns what the plan of a case says about faults; what the tool assumes if it says nothing.
Fault fault_of(const Case &test_case);

/// Returns whether the case has calls that fail or are counted.
bool has_fault(const Case &test_case);

/// Returns whether its guest needs kmodtest_faults: for these calls, or to follow what the modules allocate.
bool needs_fault_module(const Case &test_case);

}  // namespace kmodtest::plan
