// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/records.hpp"

/// Explains why the kernel's module loader refused a module.
namespace kmodtest::observe {

struct Refusal {
  std::string reason;  ///< a few words: "unknown symbol 'ex_missing'"
  std::string why;     ///< a sentence: what it means and what to do
};

/// Returns the refusals among these lines, in order, each once. Leaves out a line that only repeats another in other
/// words.
std::vector<Refusal> explain_refusals(const std::vector<wire::KernelLogLine> &log);

/// Describes how two version magics differ: "the module is for 6.12.1, the kernel is 6.1.0; the module is for
/// 'preempt_rt'".
std::string compare_version_magic(std::string_view module, std::string_view kernel);

}  // namespace kmodtest::observe
