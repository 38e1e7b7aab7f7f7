// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace kmodtest::run {

/// The cases that the command line selects from its plans.
struct Selection {
  std::vector<std::string> ids;       ///< --case: exactly these
  std::vector<std::string> patterns;  ///< --filter: shell globs over the id; any of them
  std::vector<std::string> tags;      ///< --tag: plans that have any of them
};

/// Plans, and their errors.
struct Collected {
  std::vector<plan::Plan> plans;
  std::vector<plan::Diagnostic> diagnostics;
  bool has_errors() const;
};

/// Returns whether a file is a plan by its name: *.yaml, *.yml.
bool is_plan(const std::filesystem::path &file);
/// Returns whether a file in a folder of plans is one: is_plan(), but not a hidden file such as .gitlab-ci.yml.
bool is_plan_in_folder(const std::filesystem::path &file);

/// Reads every plan that the inputs name. An input is a plan file, a folder (its *.yaml and *.yml except for hidden
/// ones, sorted by name, not recursive), or a module (.ko, or a folder with a Kbuild or Makefile and no plan): the plan
/// of the always-on checks. Throws base::UsageError for any other input.
Collected collect_plans(const std::vector<std::filesystem::path> &inputs, const plan::Overrides &overrides);

/// Returns the selected cases, in plan order. Throws base::UsageError for a --case that no plan has, with a suggestion.
std::vector<std::shared_ptr<const plan::Case>> select_cases(std::vector<plan::Plan> plans, const Selection &selection);

}  // namespace kmodtest::run
