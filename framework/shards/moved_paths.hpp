// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "outcome/event.hpp"
#include "plan/plan.hpp"

/// A host of --on ssh has a project's files below a folder, under the paths that they have on the first machine.
/// Results have the paths without that folder.
namespace kmodtest::shards {

/// Removes `root` from the front of the paths of a case.
plan::Case without_root(plan::Case test_case, const std::string &root);
/// Removes it also from the paths in the verdict's words.
void remove_root(outcome::CaseFinished &finished, const std::string &root);

}  // namespace kmodtest::shards
