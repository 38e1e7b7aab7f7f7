// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "wire/program.hpp"

/// Calls of the modules under test that are made to fail. The module kmodtest_faults counts them in the guest
/// (guest/kernel/faults).
namespace kmodtest::wire {

inline constexpr char kFaultModule[] = "kmodtest_faults";
/// Has the calls since it was read before. After a write no call fails or counts any more.
inline constexpr char kFaultFile[] = "/proc/kmodtest_faults";

/// The calls that were counted since the message before. Sent at the end of a step if there are any.
struct FaultCalls {
  std::uint32_t step = 0;
  std::string text;  ///< of kFaultFile, as it is
  template <class Visitor>
  void fields(Visitor &v) {
    v(step, text);
  }
  bool operator==(const FaultCalls &) const = default;
};

/// Returns whether a step ends the failing of calls.
inline bool ends_faults(const StepBody &body) {
  const auto *write = std::get_if<WriteFile>(&body);
  return write != nullptr && write->path == kFaultFile;
}

/// Returns whether a step needs a module that is loaded.
inline bool needs_module(const StepBody &body) {
  return !std::holds_alternative<Load>(body) && !std::holds_alternative<Unload>(body) && !ends_faults(body);
}

}  // namespace kmodtest::wire
