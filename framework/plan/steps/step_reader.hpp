// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "plan/reader.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {

/// Reads the steps of a case one by one and keeps account of what is loaded.
class StepReader {
 public:
  StepReader(const std::vector<ModuleSource> &modules, const std::vector<std::string> &kernel_modules, Scope &scope);

  /// One item of `steps`; nothing after a problem.
  std::optional<Step> read(const Node &item);
  /// A step that was read in another case and is the same here: only the account of loaded modules moves on.
  /// False when the account says that it is not the same after all.
  bool reuse(const Step &step);
  /// The unload that the end of the plan asks for, if any module is still loaded.
  std::optional<Step> final_unload(const Node &steps) const;

  const std::vector<std::string> &loaded() const { return loaded_.names(); }

 private:
  std::optional<Step> lower(const StepKind &kind, const Node &value, const Node &place);

  const std::vector<ModuleSource> &modules_;
  const std::vector<std::string> &kernel_modules_;
  Scope &scope_;
  LoadedModules loaded_;
};

}  // namespace kmodtest::plan
