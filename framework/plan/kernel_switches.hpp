// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "plan/reader.hpp"

/// The keys of `guest` that turn on checks of the kernel, or choose its preemption, when it boots.
namespace kmodtest::plan {

/// Words for the kernel's command line, and the options without which they have no effect.
struct KernelSwitches {
  std::vector<std::string> words = {};
  std::vector<Need> needs = {};
};

/// Reads them. `preempt` is one of several models of a plan, empty if it names at most one. `strict`: --strict, which
/// turns on what the plan says nothing about; a kernel need not have that.
KernelSwitches read_kernel_switches(MapReader &guest, const std::string &preempt, bool strict);

/// Returns the words of --strict alone.
std::vector<std::string> strict_words();

}  // namespace kmodtest::plan
