// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/source_tree.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <string_view>

#include "base/error.hpp"
#include "kernel/modules/module_source.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLink = "link:";
constexpr std::uintmax_t kLargestScanned = 1u << 20;  // bytes of a source file
constexpr std::size_t kMostNames = 1000;              // paths above the folder that are followed

/// Returns whether a file is what a build leaves, or what an editor leaves while it saves (`foo.c~`, `#foo.c#`).
bool is_left_behind(const std::string &name) {
  if (name == "Module.symvers" || name == "modules.order" || name.starts_with('#')) return true;
  for (const char *ending : {".o", ".ko", ".mod", ".mod.c", ".cmd", ".a", ".order", "~"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

bool has_source_name(const std::string &name) {
  return is_makefile(name) || name.ends_with(".c") || name.ends_with(".h") || name.ends_with(".S");
}

/// Calls `take` with each file at or below `part` that a module can be built from, and each link to a folder.
template <class Take>
void for_each_source(const fs::path &part, const Take &take) {
  std::error_code error;
  if (!fs::is_directory(part, error)) {
    if (fs::is_regular_file(part, error)) take(fs::directory_entry(part));
    return;
  }
  for (auto entry = fs::recursive_directory_iterator(part); entry != fs::recursive_directory_iterator(); ++entry) {
    std::error_code gone;  // a link that leads nowhere
    const bool folder = entry->is_directory(gone);
    if (!is_module_source(entry->path().filename())) {
      if (folder) entry.disable_recursion_pending();
    } else if (folder ? entry->is_symlink(gone) : entry->is_regular_file(gone)) {
      take(*entry);
    }
  }
}

bool lies_in(const fs::path &path, const fs::path &folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

/// Returns the paths in a text that go up: "../include" for "-I$(src)/../include -DX".
std::set<std::string> upward_paths(std::string_view text) {
  std::set<std::string> paths;
  for (std::size_t at = 0; (at = text.find("..", at)) != std::string_view::npos;) {
    const bool begins = at == 0 || std::string_view(" \t\n/\"'=:<,I").find(text[at - 1]) != std::string_view::npos;
    std::size_t end = text.find_first_of(" \t\r\n\"'>:;,)|$\\", at);
    if (end == std::string_view::npos) end = text.size();
    const std::string path(text.substr(at, end - at));
    if (begins && (path == ".." || path.starts_with("../"))) paths.insert(path);
    at = std::max(end, at + 2);
  }
  return paths;
}

/// Collects what the files of a folder name above it.
class Surroundings {
 public:
  explicit Surroundings(const fs::path &folder) : parts_{folder} {
    for (std::size_t i = 0; i < parts_.size() && parts_.size() < kMostNames; ++i) scan(fs::path(parts_[i]));
  }
  const std::vector<fs::path> &parts() const { return parts_; }

 private:
  void scan(const fs::path &part) {
    for_each_source(part, [&](const fs::directory_entry &file) {
      std::error_code error;
      if (!file.is_regular_file(error) || !has_source_name(file.path().filename().string())) return;
      if (file.file_size(error) > kLargestScanned || error) return;
      const fs::path from = file.path().parent_path();
      for (const auto &path : upward_paths(storage::read_whole_file(file.path()))) add(from, path);
      // What a makefile names with $(src), it means from the module's folder.
      if (from != parts_.front() && is_makefile(file.path().filename().string())) {
        for (const auto &path : upward_paths(storage::read_whole_file(file.path()))) add(parts_.front(), path);
      }
    });
  }

  void add(const fs::path &from, const std::string &path) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(from / path, error);
    if (error || !fs::exists(real, error)) return;
    // The name of a folder above this one does not show what is used of it: its files are taken, its folders are not.
    if (lies_in(parts_.front(), real)) {
      if (real != parts_.front() && real.has_relative_path()) add_files_of(real);
      return;
    }
    const auto known = [&](const fs::path &part) { return lies_in(real, part); };
    if (std::none_of(parts_.begin(), parts_.end(), known)) parts_.push_back(real);
  }

  void add_files_of(const fs::path &folder) {
    std::error_code error;
    for (const auto &entry : fs::directory_iterator(folder, error)) {
      if (!entry.is_regular_file(error) || !has_source_name(entry.path().filename().string())) continue;
      if (std::find(parts_.begin(), parts_.end(), entry.path()) == parts_.end()) parts_.push_back(entry.path());
    }
  }

  std::vector<fs::path> parts_;
};

/// Returns the deepest folder that all of these are in.
fs::path common_folder(const std::vector<fs::path> &parts) {
  fs::path common = parts.front();
  for (const auto &part : parts) {
    while (!lies_in(part, common)) common = common.parent_path();
  }
  return common;
}

}  // namespace

bool is_makefile(const std::string &name) {
  return name == "Kbuild" || name == "Makefile" || name == "makefile" || name == "GNUmakefile" || name.ends_with(".mk");
}

bool is_module_source(const fs::path &relative) {
  return std::none_of(relative.begin(), relative.end(), [](const fs::path &part) {
    const std::string name = part.string();
    return (name.starts_with('.') && name != "." && name != "..") || is_left_behind(name);
  });
}

SourceTree find_source_tree(const fs::path &folder, const fs::path &root) {
  std::error_code error;
  SourceTree tree{.root = {}, .folder = fs::weakly_canonical(folder, error), .parts = {}};
  if (root.empty()) {
    tree.parts = Surroundings(tree.folder).parts();
    tree.root = common_folder(tree.parts);
    return tree;
  }
  tree.root = fs::weakly_canonical(root, error);
  tree.parts = {tree.root};
  if (lies_in(tree.folder, tree.root)) return tree;
  throw base::UsageError(base::Code::no_such_module,
                         fmt::format("{} is not below {}", tree.folder.string(), tree.root.string()),
                         "dir is a folder of the tree");
}

SourceFiles list_sources(const SourceTree &tree) {
  SourceFiles files;
  for (const auto &part : tree.parts) {
    for_each_source(part, [&](const fs::directory_entry &entry) {
      std::error_code error;
      const std::string digest = entry.is_regular_file(error)
                                     ? storage::sha256_file(entry.path())
                                     : std::string(kLink) + fs::read_symlink(entry.path()).string();
      files.emplace(entry.path().lexically_relative(tree.root).string(), digest);
    });
  }
  return files;
}

void copy_sources(const SourceTree &tree, const fs::path &to, const SourceFiles &now, const SourceFiles &before) {
  for (const auto &[name, digest] : now) {
    const auto old = before.find(name);
    std::error_code error;
    if (old != before.end() && old->second == digest && fs::exists(to / name, error)) continue;
    storage::make_folder((to / name).parent_path());
    if (digest.starts_with(kLink)) {
      fs::remove(to / name, error);
      fs::create_directory_symlink(digest.substr(kLink.size()), to / name);
      continue;
    }
    storage::write_whole_file(to / name, storage::read_whole_file(tree.root / name));
    fs::permissions(to / name, fs::status(tree.root / name).permissions() | fs::perms::owner_write, error);
  }
}

}  // namespace kmodtest::kernel
