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
    fmt::print("{:{}}  {:28}  {}{}\n", entry.name, width, cached ? cached->release : "not fetched", entry.description,
               entry.is_default ? " (default)" : "");
  }
  return 0;
}

int fetch_kernels(std::vector<std::string> names, bool all) {
  auto store = open_store();
  if (all) {
    for (const auto &entry : store.catalogue()) names.push_back(entry.name);
  }
  if (names.empty()) names.push_back(store.default_entry().name);
  for (const auto &name : names) {
    const auto kernel = store.fetch(name);
    fmt::print("{}: {} in {}\n", name, kernel.release, kernel.image.parent_path().string());
  }
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
  fetch->add_flag("--all", *all, "every kernel of the catalogue");
  fetch->callback([action, names, all] { *action = [names, all] { return fetch_kernels(*names, *all); }; });
  return [action] { return (*action)(); };
}

}  // namespace kmodtest::cli
