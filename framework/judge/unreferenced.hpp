// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "judge/finding.hpp"
#include "judge/step_view.hpp"
#include "observe/kmemleak.hpp"
#include "observe/reports/reports.hpp"

/// Judges the memory that kmemleak found at the end of a case.
namespace kmodtest::judge {

/// A module under test that is in the stack of an allocation.
struct Allocator {
  std::string module;
  std::string function;             ///< of the kernel, which it called: "kmalloc_trace"
  std::string place = {};           ///< in the module; empty if its code is not loaded any more
  std::uint64_t address = 0;        ///< then this
  observe::ModuleRange range = {};  ///< of the address
};

/// Returns the objects that kmemleak listed after the last step of a case.
std::vector<observe::UnreferencedObject> unreferenced_objects(const Observations &seen);

/// Returns the innermost frame of a module under test in an object's stack; nothing if the object is another's.
std::optional<Allocator> allocator_of(const observe::UnreferencedObject &object, const Observations &seen);

/// Finds objects that modules under test have allocated and that nothing points to, one finding for each place. The
/// plan allows one as "memory:FUNCTION".
std::vector<Finding> check_unreferenced(const CaseView &view);

/// Returns whether this is the kernel's line about the scans that the agent asks for at the end of a case.
bool is_of_last_scan(const CaseView &view, const observe::KernelReport &report);

}  // namespace kmodtest::judge
