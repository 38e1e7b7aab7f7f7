// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <fmt/core.h>
#include <memory>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/command_tree.hpp"
#include "cli/help_texts.hpp"
#include "cli/manual.hpp"
#include "storage/output_file.hpp"

#ifndef KMODTEST_DATE
#define KMODTEST_DATE ""
#endif

namespace kmodtest::cli {

namespace {

std::vector<ManualPage> all_pages(const CLI::App &app) {
  return manual_pages(tree_of(root_of(app)), {kVersion, KMODTEST_DATE, manual_tables(), help_text});
}

int print_page(const CLI::App &app, const std::string &command) {
  const std::string root = root_of(app).get_name();
  const std::string wanted = (command.empty() || command == root ? root : root + "-" + command) + ".1";
  for (const ManualPage &page : all_pages(app)) {
    if (page.file != wanted) continue;
    fmt::print("{}", page.text);
    return 0;
  }
  throw base::UsageError(base::Code::unknown_option, fmt::format("unknown command '{}'", command),
                         root + " --help lists the commands");
}

int write_pages(const CLI::App &app, const std::filesystem::path &folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  for (const ManualPage &page : all_pages(app)) storage::write_whole(folder / page.file, page.text);
  return 0;
}

}  // namespace

std::function<int()> add_man(CLI::App &app) {
  auto command = std::make_shared<std::string>();
  auto folder = std::make_shared<std::filesystem::path>();
  app.add_option("command", *command, "the command that the page is about (default: kmodtest itself)")
      ->type_name("COMMAND");
  app.add_option("--output", *folder, "write all pages into this folder instead")->type_name("DIR");
  return [command, folder, &app] { return folder->empty() ? print_page(app, *command) : write_pages(app, *folder); };
}

}  // namespace kmodtest::cli
