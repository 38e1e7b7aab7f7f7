// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/records.hpp"

/// What the kernel's module loader means when it refuses a module.
namespace kmodtest::observe {

struct Refusal {
  std::string reason;  ///< a few words: "unknown symbol 'ex_missing'"
  std::string why;     ///< a sentence: what it means and what to do
};

/// The refusals among these lines, in order, each once. A line that only repeats another in other words is left out.
std::vector<Refusal> explain_refusals(const std::vector<wire::KernelLogLine> &log);

/// What of two version magics differs: "the module is for 6.12.1, the kernel is 6.1.0; the module is for 'preempt_rt'".
std::string compare_version_magic(std::string_view module, std::string_view kernel);

}  // namespace kmodtest::observe
