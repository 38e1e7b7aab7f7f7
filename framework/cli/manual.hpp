// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.hpp"

/// Manual pages (man(7)), made from the tree of commands and from the texts in help/.
namespace kmodtest::cli {

/// A name and what it means.
struct ManualEntry {
  std::string name;  ///< "KMODTEST_CACHE"
  std::string text;
};

/// The sections that all pages share.
struct ManualTables {
  std::vector<ManualEntry> exit_statuses, environment, files;
};

/// The parts of a manual page that the tree of commands lacks.
struct ManualTexts {
  const char *version = "";
  const char *date = "";  ///< of the build: "2026-01-31"
  ManualTables tables = {};
  /// Returns a few sentences about "run"; about the program itself for "". One paragraph per line.
  std::string (*description)(const std::string &command) = nullptr;
};

/// A page: one for the program and one for each command. Commands below another one are on its page.
struct ManualPage {
  std::string file;  ///< "kmodtest-run.1"
  std::string text;
};
std::vector<ManualPage> manual_pages(const CommandTree &root, const ManualTexts &texts);

}  // namespace kmodtest::cli
