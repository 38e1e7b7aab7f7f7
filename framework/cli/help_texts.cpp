// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/help_texts.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/embedded.hpp"
#include "base/prose.hpp"

namespace kmodtest::cli {

/// The files of help/ (CMakeLists.txt).
base::EmbeddedFiles help_files();

namespace {

/// Reads "## NAME" and a paragraph for each entry.
std::vector<ManualEntry> manual_entries(std::string_view file) {
  constexpr std::string_view kHeading = "## ";
  std::vector<ManualEntry> entries;
  std::string_view rest = base::embedded_text(help_files(), file);
  while (!rest.empty()) {
    const std::size_t next = std::min(rest.find("\n## "), rest.size() - 1) + 1;
    const std::string_view entry = rest.substr(0, next);
    const std::size_t end = entry.find('\n');
    entries.push_back(
        {std::string(entry.substr(kHeading.size(), end - kHeading.size())), base::paragraphs_of(entry.substr(end))});
    rest.remove_prefix(next);
  }
  return entries;
}

}  // namespace

std::string help_text(const std::string &command) {
  return base::paragraphs_of(base::embedded_text(help_files(), (command.empty() ? "kmodtest" : command) + ".md"));
}

std::string help_footer() {
  return std::string(base::embedded_text(help_files(), "footer.txt"));
}

ManualTables manual_tables() {
  return {manual_entries("exit-status.md"), manual_entries("environment.md"), manual_entries("files.md")};
}

}  // namespace kmodtest::cli
