// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/core.h>
#include <memory>

#include "base/error.hpp"
#include "cli/cache_contents.hpp"
#include "cli/command.hpp"
#include "kernel/kernel.hpp"
#include "storage/cache_folder.hpp"
#include "text/size.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::cli {

namespace {

vm::SnapshotStore open_snapshots(const std::filesystem::path &cache, std::uint64_t limit_bytes) {
  return {cache / "snapshots", limit_bytes};
}

std::uint64_t disk_bytes(const std::vector<vm::SnapshotInfo> &snapshots) {
  std::uint64_t bytes = 0;
  for (const auto &info : snapshots) bytes += info.disk_bytes;
  return bytes;
}

std::uint64_t limit_from(const std::string &option) {
  if (option.empty()) return vm::snapshot_limit();
  if (const auto bytes = text::size_in_bytes(option)) return *bytes;
  throw base::UsageError(base::Code::bad_option_value,
                         fmt::format("--limit takes a size such as 4G or 500M, not '{}'", option));
}

int list_cache() {
  const std::uint64_t limit_bytes = vm::snapshot_limit();
  const auto cache = storage::cache_folder();
  const auto snapshots = open_snapshots(cache, limit_bytes).list();
  std::vector<CachePart> lines = {{text::counted(snapshots.size(), "snapshot"), disk_bytes(snapshots)}};
  for (CachePart &part : cache_parts(cache)) lines.push_back(std::move(part));
  CachePart total{cache.string(), 0};
  for (const CachePart &line : lines) total.disk_bytes += line.disk_bytes;
  if (snapshots.empty() && total.disk_bytes == 0) {
    fmt::print("the cache {} is empty\n", cache.string());
    return 0;
  }
  if (!snapshots.empty()) fmt::print("{}\n", snapshot_table(snapshots));
  lines.push_back(std::move(total));
  std::size_t width = 0;
  for (const CachePart &line : lines) width = std::max(width, text::columns(line.what));
  for (const CachePart &line : lines) {
    fmt::print("{}  {:>10}{}\n", text::pad_right(line.what, width), text::human_size(line.disk_bytes),
               &line == &lines.front() ? fmt::format(" (limit {})", text::human_size(limit_bytes)) : "");
  }
  return 0;
}

int prune_cache(const std::string &limit) {
  const std::uint64_t limit_bytes = limit_from(limit);
  const auto cache = storage::cache_folder();
  auto store = open_snapshots(cache, limit_bytes);
  const std::size_t before = store.list().size();
  const std::uint64_t freed = store.prune(limit_bytes);
  const auto after = store.list();
  const std::uint64_t bytes = disk_bytes(after);
  if (before == 0 && freed == 0) {
    fmt::print("there are no snapshots in {}\n", cache.string());
  } else {
    fmt::print("{} freed, {} left with {} (limit {}{})\n", text::human_size(freed),
               text::counted(after.size(), "snapshot"), text::human_size(bytes), text::human_size(limit_bytes),
               bytes > limit_bytes ? ", but some are in use" : "");
  }
  return 0;
}

int clear_cache(bool all) {
  const auto cache = storage::cache_folder();
  auto store = open_snapshots(cache, 0);
  const std::size_t before = store.list().size();
  std::uint64_t freed = store.clear();
  std::vector<std::string> left;
  for (const auto &info : store.list()) left.push_back("snapshots/" + info.key);
  if (all) freed += clear_cache_parts(cache, left);
  if (before == 0 && freed == 0 && left.empty()) {
    fmt::print("{} {}\n", all ? "there is nothing in" : "there are no snapshots in", cache.string());
  } else {
    fmt::print("{} freed in {}\n", text::human_size(freed), cache.string());
  }
  for (const std::string &name : left) fmt::print("{} stays: another kmodtest is using it\n", name);
  return 0;
}

}  // namespace

std::function<int()> add_cache(CLI::App &app) {
  app.require_subcommand(1);
  auto action = std::make_shared<std::function<int()>>();
  auto *list = app.add_subcommand("list", "list the snapshots of booted guests, and what else takes space");
  list->callback([action] { *action = list_cache; });
  auto *prune = app.add_subcommand("prune", "remove the least recently used snapshots above the limit");
  auto limit = std::make_shared<std::string>();
  prune->add_option("--limit", *limit, "what can stay, such as 4G or 500M (default: $KMODTEST_CACHE_LIMIT, else 8G)")
      ->type_name("SIZE");
  prune->callback([action, limit] { *action = [limit] { return prune_cache(*limit); }; });
  auto *clear = app.add_subcommand("clear", "remove all snapshots; kmodtest creates them again when needed");
  auto all = std::make_shared<bool>(false);
  clear->add_flag("--all", *all, "also remove kernels, boot files and built modules; not while tests run");
  clear->callback([action, all] { *action = [all] { return clear_cache(*all); }; });
  return [action] { return (*action)(); };
}

}  // namespace kmodtest::cli
