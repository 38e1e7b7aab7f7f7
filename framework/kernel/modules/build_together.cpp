// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fmt/format.h>
#include <memory>

#include "kernel/kernel.hpp"
#include "kernel/modules/makefiles.hpp"
#include "kernel/modules/module.hpp"
#include "kernel/modules/tree_builder.hpp"
#include "storage/files.hpp"
#include "text/lines.hpp"
#include "text/module_name.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// Bytes of sources up to which a module compiles in about a second. The others would wait for a large one.
constexpr std::uintmax_t kMostSource = 128u << 10;

/// Returns whether Kbuild leaves the same bytes when the module's folder is one of several. Since 6.13 it works in the
/// folder of M=, and the paths in the debug information begin there (kernel commit 13b25489b6f8).
bool builds_by_full_paths(const Kernel &kernel) {
  int version = 0;
  int patch_level = 0;
  if (std::sscanf(kernel.release.c_str(), "%d.%d", &version, &patch_level) != 2) return false;
  return version < 6 || (version == 6 && patch_level < 13);
}

/// Returns the only module of a tree, if it can be compiled next to others: its makefile means the same there, and
/// nothing that it exports has to be kept apart.
std::optional<std::string> module_to_join(const TreeBuilder &builder) {
  const SourceTree &tree = builder.tree();
  if (tree.root != tree.folder || tree.parts.size() != 1) return std::nullopt;
  std::string makefile;
  std::uintmax_t bytes = 0;
  for (const auto &[name, digest] : builder.sources()) {
    std::error_code is_folder;  // a link to one
    bytes += fs::file_size(tree.folder / name, is_folder);
    if (is_folder || name == "dkms.conf" || bytes > kMostSource) return std::nullopt;
    if (is_makefile(name)) {
      if (!makefile.empty() || (name != "Kbuild" && name != "Makefile")) return std::nullopt;
      makefile = name;
    } else if (text::contains(storage::read_whole_file(tree.folder / name), "EXPORT_SYMBOL")) {
      return std::nullopt;
    }
  }
  return makefile.empty() ? std::nullopt : only_module_of(tree.folder / makefile);
}

/// The modules that one run of Kbuild builds.
class TogetherBuild {
 public:
  TogetherBuild(const Kernel &kernel, const fs::path &cache) : kernel_(kernel), cache_(cache) {}

  /// Adds a module, if it was never built here and can be built together with others.
  void add(const NamedWish &wish, std::size_t number) {
    if (!wish.wish.is_plain() || !fs::is_directory(wish.wish.folder)) return;
    auto part = std::make_unique<Part>(Part{.builder = TreeBuilder(wish.wish, kernel_, cache_, {}),
                                            .name = wish.name,
                                            .number = number,
                                            .lock = {},
                                            .log = {}});
    // Mostly it is up to date, which its own build finds out. Otherwise that compiles only what has changed.
    if (read_stamp(part->builder.place().root / kStamp).has_all_in(part->builder.place().root)) return;
    if (part->builder.find_ready()) return;
    const auto module = module_to_join(part->builder);
    if (!module || (!wish.name.empty() && text::lsmod_name(*module) != text::lsmod_name(wish.name))) return;
    if (std::any_of(parts_.begin(), parts_.end(), [&](const auto &other) { return other->module == *module; })) return;
    part->module = *module;
    parts_.push_back(std::move(part));
  }

  /// `results`: by the numbers of the modules.
  void run(std::vector<std::optional<TreeBuild>> &results) {
    if (parts_.size() < 2) return;
    std::erase_if(parts_, [](const auto &part) { return !begin(*part); });
    if (parts_.size() < 2) return;
    const fs::path folder = parts_.front()->builder.folder_of_builds();
    // Its holder waits for nobody: the modules' own locks are only tried.
    const storage::FileLock lock(folder / "together.lock");
    bool built = run_make(folder);
    if (!built && leave_out_failures()) built = run_make(folder);
    for (const char *file : kLeftBehind) fs::remove(folder / file);
    if (!built) return;
    for (auto &part : parts_) {
      BuildEnd end;
      end.exit_code = 0;
      end.out = std::move(part->log);
      end.by_kbuild = true;
      results[part->number] = part->builder.end(end, part->name);
    }
  }

 private:
  struct Part {
    TreeBuilder builder;
    std::string name;  ///< as wanted
    std::size_t number = 0;
    std::string module = {};  ///< as the makefile names it
    std::unique_ptr<storage::FileLock> lock;
    std::string log;  ///< what make has written about this module
  };

  /// In the folder of all builds.
  static constexpr std::array kLeftBehind{"Kbuild", "modules.order", "Module.symvers", ".modules.order.cmd",
                                          ".Module.symvers.cmd"};

  /// Returns whether the module has to be compiled, and no other process does that.
  static bool begin(Part &part) {
    part.lock = storage::FileLock::try_take(part.builder.lock_file());
    return part.lock && !part.builder.begin();
  }

  bool run_make(const fs::path &folder) {
    std::string kbuild;
    for (const auto &part : parts_)
      kbuild += fmt::format("obj-m += {}/\n", part->builder.place().root.filename().string());
    storage::write_whole_file(folder / "Kbuild", kbuild);
    BuildPlace place;
    place.root = place.folder = folder;
    place.kernel = &kernel_;
    const BuildEnd end = run_kbuild_for_several(place);
    divide(end.out, folder.string());
    return end.ok();
  }

  /// Gives each module its lines: from one that names its folder to one that names another.
  void divide(const std::string &log, const std::string &folder) {
    Part *current = nullptr;
    for (const auto &line : text::lines_of(log)) {
      if (text::contains(line, folder)) {
        const auto named = std::find_if(parts_.begin(), parts_.end(), [&](const auto &part) {
          return text::contains(line, part->builder.place().root.string() + "/");
        });
        current = named == parts_.end() ? nullptr : named->get();
      }
      if (current != nullptr) current->log += line + "\n";
    }
  }

  /// Returns whether some failed, and at least two did not.
  bool leave_out_failures() {
    const auto removed = std::erase_if(parts_, [](const auto &part) {
      std::error_code error;
      return !fs::exists(part->builder.place().root / (part->module + ".o"), error) ||
             text::contains(part->log, "ERROR: modpost");
    });
    return removed > 0 && parts_.size() > 1;
  }

  const Kernel &kernel_;
  const fs::path &cache_;
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace

std::vector<std::optional<TreeBuild>> build_together(const std::vector<NamedWish> &wishes, const Kernel &kernel,
                                                     const fs::path &cache) {
  std::vector<std::optional<TreeBuild>> results(wishes.size());
  const bool can_work = !kernel.headers.empty() && builds_by_full_paths(kernel) &&
                        (cache.string() + kernel.headers.string()).find_first_of(" :") == std::string::npos;
  if (wishes.size() < 2 || !can_work) return results;
  try {
    TogetherBuild build(kernel, cache);
    for (std::size_t number = 0; number < wishes.size(); ++number) build.add(wishes[number], number);
    build.run(results);
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &) {
    // The build of the one that it concerns tells.
  } catch (const fs::filesystem_error &) {
    // The same.
  }
  return results;
}

}  // namespace kmodtest::kernel
