// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "base/process.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/module.hpp"
#include "kernel/modules/module_source.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "text/module_name.hpp"
#include "text/replace.hpp"
#include "text/words.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char *kStamp = ".kmodtest-stamp";

/// The digest of each file's content, by relative path.
using SourceFiles = std::map<std::string, std::string>;

/// Returns whether a file is what a build leaves, or what an editor leaves while it saves (`foo.c~`, `#foo.c#`).
bool is_left_behind(const std::string &name) {
  if (name == "Module.symvers" || name == "modules.order" || name.starts_with('#')) return true;
  for (const char *ending : {".o", ".ko", ".mod", ".mod.c", ".cmd", ".a", ".order", "~"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

SourceFiles list_sources(const fs::path &source) {
  SourceFiles files;
  for (auto entry = fs::recursive_directory_iterator(source); entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory()) {
      if (entry->path().filename().string().starts_with('.')) entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && is_module_source(entry->path().filename())) {
      files.emplace(fs::relative(entry->path(), source).string(), storage::sha256_file(entry->path()));
    }
  }
  return files;
}

std::string compiler_version(const Kernel &kernel) {
  const auto compiler = compiler_of(kernel);
  try {
    return base::run_process({compiler, "--version"}).out;
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &) {
    throw base::Error(base::Code::no_compiler,
                      fmt::format("the compiler '{}', which the kernel {} asks for, is missing", compiler, kernel.name),
                      fmt::format("install the package {}", compiler));
  }
}

/// Returns the compiler's flags that a module is built with on top of the kernel's: no jumps instead of a function's
/// last call, which would hide the function from kernel reports, and -g if the kernel's configuration does not ask for
/// debug information, from which frames in the module get their source lines.
std::string own_flags(const fs::path &configuration) {
  std::string flags = "KCFLAGS=-fno-optimize-sibling-calls";
  if (!text::contains("\n" + storage::read_whole_file(configuration), "\nCONFIG_DEBUG_INFO=y\n")) flags += " -g";
  return flags;
}

fs::path configuration_of(const Kernel &kernel) {
  return kernel.headers / "include/config/auto.conf";
}

/// Returns the kernel's arguments of make, and our flags unless the kernel has some.
std::vector<std::string> make_settings(const Kernel &kernel) {
  std::vector<std::string> settings = kernel.make_arguments;
  const bool has_flags = std::any_of(settings.begin(), settings.end(),
                                     [](const std::string &setting) { return setting.starts_with("KCFLAGS="); });
  std::error_code error;
  const auto configuration = configuration_of(kernel);
  if (!has_flags && fs::exists(configuration, error)) settings.push_back(own_flags(configuration));
  return settings;
}

/// Returns a digest of everything except for the sources that decides the result.
std::string settings_digest(const Kernel &kernel, const std::vector<fs::path> &symvers) {
  storage::Sha256 digest;
  digest.field(kernel.digest).field(kernel.release).field(kernel.headers.string()).field(compiler_version(kernel));
  for (const auto &argument : make_settings(kernel)) digest.field(argument);
  for (const auto &file : symvers) digest.field(file.string()).field(storage::sha256_file(file));
  return digest.hex();
}

/// The last build's record. First line: settings; then one line per source file; a last line "built PATH" once make has
/// succeeded.
struct Stamp {
  std::string settings;
  SourceFiles files;
  std::string ko = {};  ///< relative; empty if not built
};

Stamp read_stamp(const fs::path &file) {
  Stamp stamp;
  std::error_code error;
  if (!fs::exists(file, error)) return stamp;
  std::istringstream lines(storage::read_whole_file(file));
  std::getline(lines, stamp.settings);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    if (space == std::string::npos) continue;
    const auto word = line.substr(0, space);
    if (word == "built") {
      stamp.ko = line.substr(space + 1);
    } else {
      stamp.files.emplace(line.substr(space + 1), word);
    }
  }
  return stamp;
}

void write_stamp(const fs::path &file, const Stamp &stamp) {
  std::string text = stamp.settings + "\n";
  for (const auto &[name, digest] : stamp.files) text += fmt::format("{} {}\n", digest, name);
  if (!stamp.ko.empty()) text += fmt::format("built {}\n", stamp.ko);
  storage::write_whole_file(file, text);
}

bool same_names(const SourceFiles &a, const SourceFiles &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto &x, const auto &y) { return x.first == y.first; });
}

/// Brings the copies up to date; files that did not change keep their time, so that make does not rebuild them.
void copy_sources(const fs::path &source, const fs::path &to, const SourceFiles &now, const SourceFiles &before) {
  for (const auto &[name, digest] : now) {
    const auto old = before.find(name);
    std::error_code error;
    if (old != before.end() && old->second == digest && fs::exists(to / name, error)) continue;
    storage::make_folder((to / name).parent_path());
    storage::write_whole_file(to / name, storage::read_whole_file(source / name));
    fs::permissions(to / name, fs::status(source / name).permissions() | fs::perms::owner_write, error);
  }
}

[[noreturn]] void refuse_several(const fs::path &source, const std::string &names, const std::string &name) {
  throw base::UsageError(
      base::Code::builds_other_modules,
      fmt::format("{} builds several modules ({}), none of them named {}.ko", source.string(), names, name),
      "specify which one: {path: FOLDER, name: NAME}");
}

/// Returns the file of the module with this name, or the only file there is. Throws if it is not clear which is meant.
fs::path choose_ko(const fs::path &source, std::vector<fs::path> files, const std::string &name) {
  std::sort(files.begin(), files.end());
  std::string names;
  for (const auto &file : files) {
    if (text::lsmod_name(file.stem().string()) == text::lsmod_name(name)) return file;
    names += (names.empty() ? "" : ", ") + file.filename().string();
  }
  if (files.size() > 1) refuse_several(source, names, name);
  return files.front();
}

fs::path find_ko(const fs::path &source, const fs::path &folder, const std::string &name) {
  std::vector<fs::path> built;
  for (const auto &entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ".ko") built.push_back(entry.path());
  }
  if (built.empty()) {
    throw base::UsageError(base::Code::builds_no_module, fmt::format("{} builds no module", source.string()),
                           fmt::format("its Kbuild or Makefile needs the line `obj-m += {}.o`", name));
  }
  return choose_ko(source, std::move(built), name);
}

/// Returns how make is started. We can run below a make ourselves: its flags and job server are not meant for this one.
base::ProcessOptions options_of_make() {
  base::ProcessOptions options;
  options.merge_output = true;
  for (const char *name :
       {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "GNUMAKEFLAGS", "KBUILD_OUTPUT", "KBUILD_EXTMOD",
        "KBUILD_EXTRA_SYMBOLS", "KCFLAGS", "KERNELRELEASE", "CROSS_COMPILE", "M", "O"}) {
    options.environment.emplace_back(name, std::nullopt);
  }
  options.environment.emplace_back("LC_ALL", "C");
  return options;
}

base::ProcessResult run_make(const Kernel &kernel, const fs::path &folder, const std::vector<fs::path> &symvers) {
  std::vector<std::string> arguments{"make",
                                     "-C",
                                     kernel.headers,
                                     "M=" + folder.string(),
                                     "ARCH=x86",
                                     "--no-print-directory",
                                     fmt::format("-j{}", std::max(1U, std::thread::hardware_concurrency()))};
  const auto settings = make_settings(kernel);
  arguments.insert(arguments.end(), settings.begin(), settings.end());
  if (!symvers.empty()) {
    // kernel: Documentation/kbuild/modules.rst, "Symbols From Another External Module"
    std::string files = "KBUILD_EXTRA_SYMBOLS=";
    for (const auto &file : symvers) files += file.string() + " ";
    arguments.push_back(files);
  }
  arguments.emplace_back("modules");
  return base::run_process(arguments, options_of_make());
}

/// Checks, before anything is compiled, that it is clear which of the folder's modules is meant: asks make for the
/// value of obj-m. Leaves it to the build if that has no answer, or a folder in it.
void check_choice(const Kernel &kernel, const fs::path &source, const fs::path &folder, const std::string &name) {
  std::error_code error;
  const auto configuration = configuration_of(kernel);
  if (!fs::exists(configuration, error)) return;
  const auto makefile = fs::exists(folder / "Kbuild", error) ? folder / "Kbuild" : folder / "Makefile";
  base::ProcessOptions options = options_of_make();
  options.merge_output = false;
  const auto result = base::run_process(
      {"make", "-s", "--no-print-directory", "-C", folder, "-f", configuration, "-f", makefile,
       "--eval=kmodtest-list: ; @echo $(obj-m)", "src=" + folder.string(), "obj=" + folder.string(),
       "srctree=" + kernel.headers.string(), "KERNELRELEASE=" + kernel.release, "ARCH=x86", "kmodtest-list"},
      options);
  if (!result.ok()) return;
  std::istringstream words(result.out);
  std::vector<fs::path> modules;
  for (std::string word; words >> word;) {
    if (!word.ends_with(".o")) return;
    modules.push_back(fs::path(word).replace_extension(".ko"));
  }
  if (!modules.empty()) choose_ko(source, std::move(modules), name);
}

/// Returns the symbol files of modules that were built in other folders than `own`: Kbuild knows what it builds
/// together.
std::vector<fs::path> symvers_beside(const std::vector<fs::path> &modules, const fs::path &own) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto &module : modules) {
    if (module.parent_path() == own) continue;
    const auto file = module.parent_path() / "Module.symvers";
    if (fs::exists(file, error)) files.push_back(file);
  }
  return files;
}

void check_buildable(const fs::path &source, const Kernel &kernel, const fs::path &folder) {
  if (!fs::is_directory(source))
    throw base::UsageError(base::Code::no_such_module, fmt::format("{} is not a folder", source.string()),
                           "name the folder that has the module's Kbuild");
  if (!fs::exists(source / "Kbuild") && !fs::exists(source / "Makefile")) {
    throw base::UsageError(
        base::Code::builds_no_module, fmt::format("{} has neither a Kbuild nor a Makefile", source.string()),
        fmt::format("write a file Kbuild with the line `obj-m += {}.o`", source.filename().string()));
  }
  if (kernel.headers.empty()) {
    throw base::UsageError(
        base::Code::no_headers,
        fmt::format("nothing can be built for the kernel {}: its headers are not known", kernel.name),
        "give their folder with --headers, or a compiled .ko");
  }
  for (const auto &path : {folder, kernel.headers}) {
    if (path.string().find_first_of(" :") != std::string::npos) {
      throw base::Error(base::Code::bad_build_path,
                        fmt::format("Kbuild cannot work in {}: its path has a space or a colon", path.string()),
                        "set KMODTEST_CACHE to a folder without them");
    }
  }
}

}  // namespace

std::vector<std::string> BuildError::excerpt() const {
  std::vector<std::string> lines = errors_.lines;
  if (errors_.more > 0) lines.push_back(fmt::format("… and {}", text::counted(errors_.more, "further error")));
  return lines;
}

std::string compiler_of(const Kernel &kernel) {
  for (const auto &argument : kernel.make_arguments) {
    if (argument.starts_with("CC=")) return argument.substr(3);
  }
  std::error_code error;
  const auto variables = kernel.headers / ".kernelvariables";
  if (fs::exists(variables, error)) {
    // Debian's: CC = $(if $(…),$(CCACHE)) $(CROSS_COMPILE)gcc-12
    std::istringstream lines(storage::read_whole_file(variables));
    for (std::string line; std::getline(lines, line);) {
      const auto at = line.rfind(')');
      if (line.starts_with("CC =") && at != std::string::npos && at + 1 < line.size()) return line.substr(at + 1);
    }
  }
  return "gcc";
}

bool is_module_source(const fs::path &relative) {
  return std::none_of(relative.begin(), relative.end(), [](const fs::path &part) {
    const std::string name = part.string();
    return (name.starts_with('.') && name != ".") || is_left_behind(name);
  });
}

BuildResult build_module(const fs::path &source, const std::string &name, const Kernel &kernel, const fs::path &cache,
                         const std::vector<fs::path> &before) {
  std::error_code error;
  const auto real_source = fs::weakly_canonical(source, error);
  const auto folder_name =
      fmt::format("{}-{}", real_source.filename().string(), storage::sha256(real_source.string()).substr(0, 12));
  const auto base_folder = cache / "build" / fmt::format("{}-{}", kernel.release, kernel.digest.substr(0, 12));
  const auto folder = base_folder / folder_name;
  check_buildable(source, kernel, folder);
  const storage::FileLock lock(base_folder / (folder_name + ".lock"));
  try {
    const Stamp old = read_stamp(folder / kStamp);
    const auto symvers = symvers_beside(before, folder);
    Stamp now{.settings = settings_digest(kernel, symvers), .files = list_sources(real_source)};
    if (!old.ko.empty() && old.settings == now.settings && old.files == now.files && fs::exists(folder / old.ko)) {
      return {.ko = find_ko(source, folder, name)};
    }
    // A source file that no longer exists can leave an object or a module behind.
    const bool fresh = old.settings != now.settings || !same_names(old.files, now.files);
    if (fresh) storage::remove_folder(folder);
    storage::make_folder(folder);
    // No stamp while the copies change: if we are killed here, the next build starts from nothing.
    fs::remove(folder / kStamp);
    copy_sources(real_source, folder, now.files, fresh ? SourceFiles{} : old.files);
    check_choice(kernel, source, folder, name);
    const auto result = run_make(kernel, folder, symvers);
    const auto log = text::replaced(result.out, folder.string(), source.string());
    if (!result.ok()) {
      write_stamp(folder / kStamp, now);
      throw BuildError(fmt::format("{} does not build for the kernel {}", name, kernel.name), log,
                       find_build_errors(log, source.string()));
    }
    const auto ko = find_ko(source, folder, name);
    now.ko = fs::relative(ko, folder).string();
    write_stamp(folder / kStamp, now);
    return {.ko = ko, .rebuilt = true, .log = log};
  } catch (const fs::filesystem_error &failure) {
    throw base::Error(
        base::Code::cannot_write,
        fmt::format("cannot build {}: {}: {}", source.string(), failure.path1().string(), failure.code().message()),
        "free some space, or set KMODTEST_CACHE to a folder on another disk");
  }
}

}  // namespace kmodtest::kernel
