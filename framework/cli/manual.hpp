// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.hpp"

/// Manual pages (man(7)), made of the tree of commands and of the tables below.
namespace kmodtest::cli {

/// A name and what it means.
struct ManualEntry {
  const char *name;
  const char *text;
};

/// "0", "all cases passed"…
const std::vector<ManualEntry> &exit_statuses();
/// KMODTEST_CACHE…
const std::vector<ManualEntry> &environment_variables();
/// ~/.cache/kmodtest…
const std::vector<ManualEntry> &files();

/// What a manual page is about, beyond the tree.
struct ManualTexts {
  const char *version = "";
  const char *date = "";  ///< of the build: "2026-01-31"
  /// Of "run", "kernels fetch": a few sentences; empty where the summary says all.
  std::string (*description)(const std::string &command) = nullptr;
};

/// "kmodtest-run.1" → its text. One page for each command, those below another one within that one's.
struct ManualPage {
  std::string file;
  std::string text;
};
std::vector<ManualPage> manual_pages(const CommandTree &root, const ManualTexts &texts);

}  // namespace kmodtest::cli
