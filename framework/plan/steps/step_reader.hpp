// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plan/node.hpp"
#include "plan/plan.hpp"
#include "plan/reader.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {

/// Reads the steps of a case one by one and tracks which modules are loaded.
class StepReader {
 public:
  StepReader(const std::vector<ModuleSource> &modules, Scope &scope);

  /// Reads one item of `steps`; returns nothing after a problem.
  std::optional<Step> read(const Node &item);
  /// Reuses a step of another case that is equal in this one: only the loaded modules are updated. Returns false if it
  /// is not equal after all, because other modules are loaded.
  bool reuse(const Step &step);
  /// Returns the unload for the end of the plan, if any module is still loaded.
  std::optional<Step> final_unload(const Node &steps) const;

  const std::vector<std::string> &loaded() const { return loaded_.names(); }

 private:
  void refuse_more_keys(const std::vector<const Node::Entry *> &entries);
  std::uint32_t points_of(const Node &item);
  std::optional<Step> lower(const StepKind &kind, const Node &value, const Node &place);

  const std::vector<ModuleSource> &modules_;
  Scope &scope_;
  LoadedModules loaded_;
  std::set<std::string> commands_;
};

}  // namespace kmodtest::plan
