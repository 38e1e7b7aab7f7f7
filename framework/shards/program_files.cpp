// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/program_files.hpp"

#include <set>

#include "base/own_file.hpp"
#include "kernel/boot/initramfs.hpp"
#include "kernel/modules/source_tree.hpp"
#include "plan/schedule.hpp"
#include "storage/cache_folder.hpp"
#include "storage/digest.hpp"
#include "vm/emulator.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;

class Sources {
 public:
  void add(const fs::path &path) {
    std::error_code error;
    if (fs::is_regular_file(path, error)) files_.insert(fs::absolute(path).lexically_normal());
  }

  void add_folder(const fs::path &folder) {
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error); !error && entry != fs::recursive_directory_iterator();
         entry.increment(error))
      add(entry->path());
  }

  /// Adds what a module is built from. A path with a symbolic link in it counts under both names.
  void add_module(const fs::path &path, const fs::path &root) {
    std::error_code error;
    if (!fs::is_directory(path, error)) return add(path);
    const auto tree = kernel::find_source_tree(path, root);
    for (const auto &[name, content] : kernel::list_sources(tree)) {
      const fs::path file = tree.root / name;
      add(file);
      const fs::path inside = file.lexically_relative(tree.folder);
      if (*inside.begin() != "..") add(path / inside);
    }
  }

  void add_case(const plan::Case &test_case) {
    add(test_case.plan_file);
    if (test_case.schedule) add(test_case.schedule->file);
    for (const auto *sources : {&test_case.modules, &test_case.companions}) {
      for (const plan::ModuleSource &source : *sources) add_source(source);
    }
    for (const plan::Implementation &one : test_case.implementations) add_module(fs::absolute(one.path), {});
    for (const plan::FileSource &file : test_case.files) {
      add(file.from);
      add_folder(file.from);
    }
  }

  std::vector<fs::path> take() const { return {files_.begin(), files_.end()}; }

 private:
  void add_source(const plan::ModuleSource &source) {
    if (!known_.insert(source.path).second) return;
    if (source.kind == plan::ModuleSource::Kind::collection) {
      add(source.path);
      add_folder(source.path);
    } else {
      add_module(source.path, source.build.tree);
    }
  }

  std::set<fs::path> files_, known_;
};

}  // namespace

std::map<std::string, fs::path> program_files() {
  return {{"kmodtest", base::own_file()},
          {"kmodtest-agent", storage::find_data_file("kmodtest-agent")},
          {"kernels.yaml", storage::find_data_file("kernels.yaml")},
          {"busybox", kernel::static_busybox()},
          {vm::emulator_wrapper().filename(), vm::emulator_wrapper()},
          {vm::main_loop_gate_library().filename(), vm::main_loop_gate_library()}};
}

std::string digest_of_files(const std::map<std::string, fs::path> &files) {
  storage::Sha256 digest;
  for (const auto &[name, file] : files) digest.field(name).field(storage::sha256_file(file));
  return digest.hex().substr(0, 16);
}

std::vector<fs::path> source_files(const std::vector<std::shared_ptr<const plan::Case>> &cases,
                                   const std::vector<fs::path> &inputs) {
  Sources sources;
  for (const fs::path &input : inputs) sources.add(input);
  for (const auto &each : cases) sources.add_case(*each);
  return sources.take();
}

}  // namespace kmodtest::shards
