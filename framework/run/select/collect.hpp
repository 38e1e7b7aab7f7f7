// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace kmodtest::run {

/// What the command line selects among the cases of its plans.
struct Selection {
  std::vector<std::string> ids;       ///< --case: exactly these
  std::vector<std::string> patterns;  ///< --filter: shell globs over the id; any of them
  std::vector<std::string> tags;      ///< --tag: plans that carry any of them
};

/// Plans, and what is wrong with them.
struct Collected {
  std::vector<plan::Plan> plans;
  std::vector<plan::Diagnostic> diagnostics;
  bool has_errors() const;
};

/// By its name: *.yaml, *.yml.
bool is_plan(const std::filesystem::path &file);
/// The same, where a folder of plans is meant: hidden files, such as .gitlab-ci.yml, are none of them.
bool is_plan_in_folder(const std::filesystem::path &file);

/// Reads every plan that the inputs name: a plan file, a folder (its *.yaml and *.yml but hidden ones, sorted by name,
/// not recursive), a module (.ko, or a folder with a Kbuild or Makefile and no plan): the plan of the always-on checks.
/// Throws base::UsageError for an input that is none of these.
Collected collect_plans(const std::vector<std::filesystem::path> &inputs, const plan::Overrides &overrides);

/// The selected cases, in plan order. Throws base::UsageError for a --case that no plan has, with a suggestion.
std::vector<std::shared_ptr<const plan::Case>> select_cases(std::vector<plan::Plan> plans, const Selection &selection);

}  // namespace kmodtest::run
