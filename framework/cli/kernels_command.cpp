// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "kernel/kernel.hpp"
#include "storage/cache_folder.hpp"

namespace kmodtest::cli {

namespace {

/// Prints each message at once.
class PrintedNotices final : public base::NoticeSink {
  void say(const std::string &text) override {
    fmt::print("{}\n", text);
    std::fflush(stdout);
  }
};

kernel::KernelStore open_store() {
  static PrintedNotices notices;
  return {kernel::read_catalogue(storage::data_folder() / "kernels.yaml"), storage::cache_folder(), notices};
}

int list_kernels() {
  const auto store = open_store();
  std::size_t width = 0;
  for (const auto &entry : store.catalogue()) width = std::max(width, entry.name.size());
  for (const auto &entry : store.catalogue()) {
    const auto cached = store.cached(entry.name);
    const char *missing = entry.is_built() ? "not built" : "not fetched";
    fmt::print("{:{}}  {:28}  {}{}\n", entry.name, width, cached ? cached->release : missing, entry.description,
               entry.is_default ? " (default)" : "");
  }
  return 0;
}

void print_place(const std::string &name, const kernel::Kernel &kernel) {
  fmt::print("{}: {} in {}\n", name, kernel.release, kernel.image.parent_path().string());
}

int fetch_kernels(std::vector<std::string> names, bool all) {
  auto store = open_store();
  if (all) {
    for (const auto &entry : store.catalogue())
      if (!entry.is_built()) names.push_back(entry.name);
  }
  if (names.empty()) names.push_back(store.default_entry().name);
  for (const auto &name : names) {
    const auto kernel = store.fetch(name);
    print_place(name, kernel);
  }
  return 0;
}

int build_kernels(const std::vector<std::string> &names) {
  auto store = open_store();
  for (const auto &name : names) print_place(name, store.build(name));
  return 0;
}

}  // namespace

std::function<int()> add_kernels(CLI::App &app) {
  app.require_subcommand(1);
  auto action = std::make_shared<std::function<int()>>();
  auto *list = app.add_subcommand("list", "list the catalogue and what is in the cache");
  list->callback([action] { *action = list_kernels; });
  auto *fetch = app.add_subcommand("fetch", "download kernels with their headers into the cache");
  auto names = std::make_shared<std::vector<std::string>>();
  auto all = std::make_shared<bool>(false);
  fetch->add_option("name", *names, "kernels of the catalogue (default: the default one)")->type_name("KERNEL");
  fetch->add_flag("--all", *all, "every kernel of the catalogue that can be fetched");
  fetch->callback([action, names, all] { *action = [names, all] { return fetch_kernels(*names, *all); }; });
  auto *build = app.add_subcommand("build", "build kernels that no distribution ships, such as one with KASAN");
  auto built = std::make_shared<std::vector<std::string>>();
  build->add_option("name", *built, "kernels of the catalogue that are built here: debug")
      ->type_name("KERNEL")
      ->required();
  build->callback([action, built] { *action = [built] { return build_kernels(*built); }; });
  return [action] { return (*action)(); };
}

}  // namespace kmodtest::cli
