// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/run_command.hpp"
#include "run/guests/provisions.hpp"
#include "shards/archive.hpp"
#include "shards/pack.hpp"
#include "storage/cache_folder.hpp"
#include "text/size.hpp"
#include "text/words.hpp"
#include "vm/emulator.hpp"

namespace kmodtest::cli {

namespace {

namespace fs = std::filesystem;

class Printed final : public base::NoticeSink {
 public:
  void say(const std::string &text) override { fmt::print(stderr, "kmodtest: {}\n", text); }
};

struct PackCommand {
  RunCommand run;
  fs::path file;

  int execute() {
    check_name();
    run.settle();
    Cases cases;
    if (const auto status = run.select(cases)) return *status;
    Printed notices;
    const auto provisions = run::provide(run.options, cases, notices);
    for (const std::string &problem : provisions.problems) notices.say("left out: " + problem);
    auto list = shards::list_entries(provisions, kVersion);
    shards::write_pack(list, file);
    fmt::print("{}: {}, {} on the disk, packed {}\n", file.string(), contents(list),
               text::human_size(list.disk_bytes()), text::human_size(fs::file_size(file)));
    return static_cast<int>(run::ExitCode::all_passed);
  }

  void check_name() const {
    if (shards::is_archive_name(file)) return;
    throw base::UsageError(base::Code::bad_option_value,
                           fmt::format("the name of a pack ends in .tar.zst, unlike '{}'", file.string()));
  }

  /// Returns "1 kernel, 3 builds of modules, 2 snapshots".
  static std::string contents(const shards::PackList &list) {
    const auto count = [&](const std::string &folder) {
      const auto is_in = [&](const shards::PackEntry &entry) { return entry.name.starts_with(folder); };
      return static_cast<std::size_t>(std::count_if(list.entries.begin(), list.entries.end(), is_in));
    };
    return fmt::format("{}, {}, {}", text::counted(count("kernels/"), "kernel"),
                       text::counted(count("ready/"), "built module"), text::counted(count("snapshots/"), "snapshot"));
  }
};

int unpack_files(const std::vector<fs::path> &files) {
  const fs::path cache = storage::cache_folder();
  for (const fs::path &file : files) {
    const auto unpacked = shards::unpack(file, cache, kVersion);
    const auto placed = unpacked.placed, all = unpacked.list.entries.size();
    fmt::print("{}: {} put into {}, {} there already\n", file.string(), placed, cache.string(), all - placed);
    const auto differing = shards::differences(unpacked.list, vm::qemu_version(vm::qemu_path()));
    for (const std::string &difference : differing) fmt::print("  note {}\n", difference);
    if (!differing.empty()) fmt::print("  so guests are booted here again, and digests can differ\n");
  }
  return static_cast<int>(run::ExitCode::all_passed);
}

}  // namespace

std::function<int()> add_pack(CLI::App &app) {
  auto command = std::make_shared<PackCommand>();
  command->run.plans.add_to(app);
  app.add_option("-o,--output", command->file, "the pack; its name ends in .tar.zst")->required()->type_name("FILE");
  app.add_flag("--no-kvm", command->run.no_kvm, "for machines that emulate, even if KVM works here");
  app.add_flag_callback(
      "--no-snapshot", [command] { command->run.options.snapshots = false; },
      "without snapshots: each machine boots its guests once");
  return [command] { return command->execute(); };
}

std::function<int()> add_unpack(CLI::App &app) {
  auto files = std::make_shared<std::vector<fs::path>>();
  app.add_option("pack", *files, "what kmodtest pack has written")->required()->type_name("FILE");
  return [files] { return unpack_files(*files); };
}

}  // namespace kmodtest::cli
