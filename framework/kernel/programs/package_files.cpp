// SPDX-License-Identifier: GPL-2.0-or-later
// The files of unpacked packages that go to the guest.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "kernel/boot/cpio_writer.hpp"
#include "kernel/catalogue/unpacked_tree.hpp"
#include "kernel/programs/packages.hpp"
#include "kernel/programs/shared_libraries.hpp"
#include "storage/files.hpp"
#include "text/number.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// What a test does not read, what the guest has of its own, and what only a build needs.
constexpr std::array<std::string_view, 20> kLeftOutFolders{"/usr/share/doc",
                                                           "/usr/share/man",
                                                           "/usr/share/info",
                                                           "/usr/share/locale",
                                                           "/usr/share/lintian",
                                                           "/usr/share/bug",
                                                           "/usr/share/help",
                                                           "/usr/share/gtk-doc",
                                                           "/usr/include",
                                                           "/usr/share/bash-completion",
                                                           "/usr/share/zsh",
                                                           "/usr/share/fish",
                                                           "/usr/share/doc-base",
                                                           "/proc",
                                                           "/sys",
                                                           "/dev",
                                                           "/modules",
                                                           "/lib/modules",
                                                           "/usr/lib/modules",
                                                           "/tmp"};
constexpr std::array<std::string_view, 4> kFilesOfTheAgent{"/init", "/bin/sh", "/bin/busybox", "/sbin/modprobe"};
/// The further folders of a command's PATH in the guest, in its order; /bin is the first.
constexpr std::array<std::string_view, 3> kLaterProgramFolders{"/sbin", "/usr/bin", "/usr/sbin"};

/// What programs expect of every Debian system.
constexpr std::array<const char *, 6> kUsualFolders{"run", "run/lock", "var", "var/lib", "var/cache", "var/log"};
constexpr std::array<std::pair<const char *, const char *>, 2> kUsualLinks{
    {{"/var/run", "/run"}, {"/var/lock", "/run/lock"}}};
constexpr std::array<std::pair<const char *, const char *>, 2> kUsualFiles{
    {{"/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"}, {"/etc/group", "root:x:0:\n"}}};

bool is_left_out(std::string_view path) {
  const auto is_in = [path](std::string_view folder) {
    return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
  };
  return path.ends_with(".a") || std::any_of(kLeftOutFolders.begin(), kLeftOutFolders.end(), is_in) ||
         std::find(kFilesOfTheAgent.begin(), kFilesOfTheAgent.end(), path) != kFilesOfTheAgent.end();
}

/// Of these, the guest gets only the libraries that are needed: busybox stands in for the programs.
bool is_everywhere(const Package &package) {
  return package.is_required || package.name.starts_with("libc6");
}

bool exists_as_link(const fs::path &path) {
  std::error_code error;
  return fs::is_symlink(path, error);
}

using Alternatives = std::map<std::string, Alternative>;

void keep_better(Alternatives &links, const std::string &link, const Alternative &alternative) {
  const auto [known, added] = links.emplace(link, alternative);
  if (!added && known->second.priority < alternative.priority) known->second = alternative;
}

/// The files of all packages in one tree, and which of them go to the guest.
class Collection {
 public:
  explicit Collection(fs::path root) : root_(std::move(root)) { storage::make_folder(root_); }

  void add(const UnpackedPackage &package) {
    const bool whole = package.is_named || !is_everywhere(package.package);
    for (const fs::path &inside : files_of(package.tree)) {
      const std::string path = "/" + inside.string();
      if (!move_in(package.tree / inside, inside)) continue;
      if (whole && !is_left_out(path)) chosen_.insert(path);
    }
    std::error_code error;
    if (whole && fs::is_regular_file(package.script, error)) add_alternatives(package.script);
  }

  std::string archive() {
    make_relocatable(root_);
    add_folder_of_the_linker();
    link_alternatives();
    add_libraries();
    add_programs_to_first_folder();
    return write();
  }

 private:
  static std::vector<fs::path> files_of(const fs::path &tree) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto &entry : fs::recursive_directory_iterator(tree, error))
      if (entry.is_symlink() || entry.is_regular_file()) files.push_back(entry.path().lexically_relative(tree));
    std::sort(files.begin(), files.end());
    return files;
  }

  /// Moves a file into the tree. Leaves out one that is there already, and one below a link: the link of one package
  /// must not lead the file of another out of the tree.
  bool move_in(const fs::path &file, const fs::path &inside) const {
    fs::path folder = root_;
    for (const fs::path &part : inside.parent_path()) {
      folder /= part;
      if (exists_as_link(folder)) return false;
    }
    const fs::path to = root_ / inside;
    std::error_code error;
    if (exists_as_link(to) || fs::exists(to, error)) return false;
    storage::make_folder(folder);
    fs::rename(file, to);
    return true;
  }

  void add_alternatives(const fs::path &script) {
    for (const auto &[link, alternative] : read_alternatives(storage::read_whole_file(script)))
      keep_better(alternatives_, link, alternative);
  }

  /// Distributions with merged folders have the dynamic linker in /usr/lib64, and programs name it by /lib64.
  void add_folder_of_the_linker() {
    std::error_code error;
    if (fs::exists(root_ / "lib64", error) || !fs::is_directory(root_ / "usr/lib64", error)) return;
    fs::create_symlink("usr/lib64", root_ / "lib64");
    chosen_.insert("/lib64");
  }

  void link_alternatives() {
    std::error_code error;
    for (const auto &[link, alternative] : alternatives_) {
      const fs::path at = root_ / fs::path(link).relative_path();
      const fs::path target = root_ / fs::path(alternative.target).relative_path();
      if (is_left_out(link) || exists_as_link(at) || fs::exists(at, error) || !fs::exists(target, error)) continue;
      storage::make_folder(at.parent_path());
      fs::create_symlink(target.lexically_relative(at.parent_path()), at);
      chosen_.insert(link);
    }
  }

  void add_libraries() {
    std::error_code error;
    for (const std::string &path : chosen_) {
      const fs::path file = root_ / fs::path(path).relative_path();
      if (exists_as_link(file) || !fs::is_regular_file(file, error)) continue;
      try {
        for (const LibraryFile &library : needed_libraries(file, root_)) libraries_.emplace(library.path, library.file);
      } catch (const base::UsageError &missing) {
        // A plugin for a package that was not asked for: its program works without it.
        if (missing.code() != base::Code::no_library) throw;
      }
    }
    for (const std::string &path : chosen_) libraries_.erase(path);
  }

  /// A command of busybox is in /bin, so a program of the same name in a later folder would not be found.
  void add_programs_to_first_folder() {
    for (const std::string_view folder : kLaterProgramFolders) {
      for (const std::string &path : chosen_) {
        const fs::path program(path);
        const std::string first = "/bin/" + program.filename().string();
        if (program.parent_path() == folder && !chosen_.contains(first) && !is_left_out(first))
          programs_.emplace(first, path);
      }
    }
  }

  std::string write() {
    CpioWriter writer;
    std::set<std::string> folders;
    const auto enter = [&](const std::string &path) {
      std::vector<std::string> missing;
      for (fs::path folder = fs::path(path).parent_path().relative_path(); !folder.empty();
           folder = folder.parent_path())
        if (folders.insert(folder.string()).second) missing.push_back(folder.string());
      std::for_each(missing.rbegin(), missing.rend(), [&](const std::string &folder) { writer.folder(folder); });
      return fs::path(path).relative_path().string();
    };
    for (const std::string &path : chosen_) {
      const fs::path file = root_ / fs::path(path).relative_path();
      const std::string inside = enter(path);
      if (exists_as_link(file))
        writer.link(inside, fs::read_symlink(file).string());
      else
        writer.file(inside, storage::read_whole_file(file), mode_of(file));
    }
    for (const char *folder : kUsualFolders)
      if (folders.insert(folder).second) writer.folder(folder);
    for (const auto &[path, target] : kUsualLinks)
      if (!chosen_.contains(path) && !folders.contains(path + 1)) writer.link(enter(path), target);
    for (const auto &[path, content] : kUsualFiles)
      if (!chosen_.contains(path)) writer.file(enter(path), content, 0644);
    for (const auto &[path, file] : libraries_) writer.file(enter(path), storage::read_whole_file(file), 0755);
    for (const auto &[path, target] : programs_) writer.link(enter(path), target);
    return writer.finish();
  }

  static unsigned mode_of(const fs::path &file) {
    return static_cast<unsigned>(fs::status(file).permissions() & fs::perms::mask);
  }

  fs::path root_;
  std::set<std::string> chosen_;
  std::map<std::string, fs::path> libraries_;
  std::map<std::string, std::string> programs_;
  Alternatives alternatives_;
};

/// Reads "LINK NAME PATH" after --slave, with "PRIORITY" after --install.
class AlternativeReader {
 public:
  explicit AlternativeReader(const std::string &command) : words_(command) {}

  void read(Alternatives &links) {
    int priority = 0;
    for (std::string word; words_ >> word;) {
      if (word != "--install" && word != "--slave") continue;
      std::string link, name, target;
      if (!(words_ >> link >> name >> target)) return;
      if (word == "--install") {
        std::string number;
        words_ >> number;
        const auto value = text::whole_number<int>(number);
        if (!value) return;
        priority = *value;
      }
      if (!is_plain(link) || !is_plain(target)) continue;
      keep_better(links, link, {target, priority});
    }
  }

 private:
  static bool is_plain(const std::string &path) {
    return path.starts_with('/') && path.find_first_of("$`\"'*?;&|<>()") == std::string::npos &&
           path.find("/../") == std::string::npos;
  }

  std::istringstream words_;
};

}  // namespace

std::map<std::string, Alternative> read_alternatives(const std::string &script) {
  Alternatives links;
  std::istringstream lines(text::replaced(script, "\\\n", " "));
  for (std::string line; std::getline(lines, line);) {
    if (const auto at = line.find("update-alternatives "); at != std::string::npos)
      AlternativeReader(line.substr(at)).read(links);
  }
  return links;
}

std::string archive_of_packages(const std::vector<UnpackedPackage> &packages, const fs::path &work) {
  Collection collection(work);
  for (const UnpackedPackage &package : packages) collection.add(package);
  return collection.archive();
}

}  // namespace kmodtest::kernel
