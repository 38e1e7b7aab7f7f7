// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/symbols/inlined_call.hpp"

/// Which accesses are marked: the programmer has told the compiler, and other programmers, that other threads access
/// the same memory at the same time. Source: kernel, tools/memory-model/Documentation/access-marking.txt.
namespace kmodtest::run {

using Names = std::set<std::string, std::less<>>;

/// Returns whether a statement contains a macro or function that marks an access (READ_ONCE, rcu_dereference…), or one
/// of these names: those of volatile variables and members.
bool marks_access(std::string_view statement, const Names &volatile_names = {});

/// Returns whether a function of the kernel that is inlined around an access marks it: atomic_read, test_bit, readl…
bool is_marking_function(std::string_view name);

/// The parts of a sequence lock's users that are allowed to meet (kernel: Documentation/locking/seqlock.rst).
enum class SequenceSection { none, reads, writes };

/// Returns in which part a line of a function is. `calls`: what is inlined into the function.
SequenceSection sequence_section(const std::vector<kernel::InlinedCall> &calls, int line);

/// Returns whether a variable of this name belongs to the kernel's own macros (pr_info_once), or to an instrumentation.
bool is_internal_variable(std::string_view name);

}  // namespace kmodtest::run
