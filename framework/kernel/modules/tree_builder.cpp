// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/tree_builder.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <map>
#include <sstream>

#include "base/process.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/makefiles.hpp"
#include "kernel/modules/missing_features.hpp"
#include "kernel/modules/ready_build.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "text/module_name.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

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

/// Returns a digest of everything except for the sources that decides the result.
std::string settings_digest(const BuildWish &wish, const Kernel &kernel, const std::vector<fs::path> &symvers) {
  storage::Sha256 digest;
  digest.field(wish.folder.string()).field(wish.target).field(wish.before).field(wish.scripts ? "scripts" : "");
  for (const auto &variable : wish.variables) digest.field(variable);
  digest.field(kernel.digest).field(kernel.release).field(kernel.headers.string()).field(compiler_version(kernel));
  for (const auto &argument : make_settings(kernel)) digest.field(argument);
  for (const auto &file : symvers) digest.field(file.string()).field(storage::sha256_file(file));
  return digest.hex();
}

bool same_names(const SourceFiles &a, const SourceFiles &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto &x, const auto &y) { return x.first == y.first; });
}

/// Checks, before anything is compiled, that it is clear which of the folder's modules is meant: asks make for the
/// value of obj-m. Leaves it to the build if that has no answer, or a folder in it.
void check_choice(const Kernel &kernel, const fs::path &source, const fs::path &folder, const std::string &name) {
  std::error_code error;
  const auto configuration = configuration_of(kernel);
  if (!fs::exists(configuration, error)) return;
  const auto makefile = fs::exists(folder / "Kbuild", error) ? folder / "Kbuild" : folder / "Makefile";
  base::ProcessOptions options = options_of_build(folder);
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
/// together. It writes them into the folder that it works in, which can be above the module.
std::vector<fs::path> symvers_beside(const std::vector<fs::path> &modules, const fs::path &own) {
  std::vector<fs::path> files;
  for (const auto &module : modules) {
    std::error_code error;
    fs::path folder = module.parent_path();
    while (!fs::exists(folder / kStamp, error) && !fs::exists(folder / "Module.symvers", error) &&
           folder != folder.root_path())
      folder = folder.parent_path();
    const auto file = folder / "Module.symvers";
    const bool known = std::find(files.begin(), files.end(), file) != files.end();
    if (module.string().starts_with(own.string() + "/") || known || !fs::exists(file, error)) continue;
    files.push_back(file);
  }
  return files;
}

/// Returns a folder's name with "_" for what Kbuild cannot work in.
std::string plain_name(const fs::path &folder) {
  std::string name = folder.filename().string();
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '_' && c != '-' && c != '.' && c != '+'; }, '_');
  return name;
}

void check_is_folder(const fs::path &source) {
  if (fs::is_directory(source)) return;
  throw base::UsageError(base::Code::no_such_module, fmt::format("{} is not a folder", source.string()),
                         "name the folder that has the module's Kbuild");
}

void check_buildable(const Kernel &kernel, const fs::path &folder) {
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

/// Returns the release that a module was built for; empty if the file does not name any.
std::string built_for(const fs::path &ko) {
  const auto magic = read_module_info(ko).field("vermagic").value_or("");
  return magic.substr(0, magic.find(' '));
}

[[noreturn]] void refuse_several(const fs::path &source, const std::string &names, const std::string &name) {
  throw base::UsageError(
      base::Code::builds_other_modules,
      fmt::format("{} builds several modules ({}), none of them named {}.ko", source.string(), names, name),
      "specify which one: {path: FOLDER, name: NAME}");
}

}  // namespace

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

TreeBuilder::TreeBuilder(const BuildWish &wish, const Kernel &kernel, const fs::path &cache,
                         const std::vector<fs::path> &before)
    : wish_(wish), kernel_(kernel), cache_(cache), tree_(find_source_tree(wish.folder, wish.tree)) {
  base_ = cache / "build" / fmt::format("{}-{}", kernel.release, kernel.digest.substr(0, 12));
  name_ = fmt::format("{}-{}", plain_name(tree_.folder),
                      storage::sha256(tree_.folder.string() + "\n" + wish.tree.string()).substr(0, 12));
  place_.root = base_ / name_;
  place_.folder = (place_.root / tree_.folder.lexically_relative(tree_.root)).lexically_normal();
  if (!place_.folder.has_filename()) place_.folder = place_.folder.parent_path();
  place_.kernel = &kernel;
  place_.symvers = symvers_beside(before, place_.root);
}

TreeBuild TreeBuilder::build(const std::string &name) {
  check_is_folder(wish_.folder);
  if (auto ready = find_ready()) return std::move(*ready);
  check_buildable(kernel_, place_.root);
  const storage::FileLock lock(lock_file());
  if (auto done = begin()) return std::move(*done);
  check_way();
  if (!name.empty() && wish_.is_plain()) check_choice(kernel_, wish_.folder, place_.folder, name);
  return end(run_build(place_, wish_), name);
}

std::optional<TreeBuild> TreeBuilder::find_ready() {
  now_.files = list_sources(tree_);
  now_.content = content_key(wish_, kernel_, tree_, now_.files, place_.symvers);
  auto ready = ready_modules(cache_, now_.content);
  if (!ready) return std::nullopt;
  return TreeBuild{.modules = std::move(*ready)};
}

std::optional<TreeBuild> TreeBuilder::begin() {
  const Stamp old = read_stamp(place_.root / kStamp);
  now_.settings = settings_digest(wish_, kernel_, place_.symvers);
  if (old.settings == now_.settings && old.content == now_.content && old.files == now_.files &&
      old.has_all_in(place_.root))
    return TreeBuild{.modules = absolute(old.modules)};
  copy(old);
  auto excluded = reason_to_skip(place_, wish_);
  if (!excluded) return std::nullopt;
  return TreeBuild{.skip = std::move(excluded->reason), .lacks_options = excluded->lacks_options};
}

TreeBuild TreeBuilder::end(const BuildEnd &result, const std::string &name) {
  TreeBuild built{.rebuilt = true, .log = text::replaced(result.out, place_.root.string(), tree_.root.string())};
  if (!result.ok()) fail(built.log, name);
  now_.modules = modules_built(name);
  built.modules = absolute(now_.modules);
  if (!result.by_kbuild) check_kernel(built.modules);
  write_stamp(place_.root / kStamp, now_);
  return built;
}

std::vector<fs::path> TreeBuilder::absolute(const std::vector<std::string> &modules) const {
  std::vector<fs::path> all;
  all.reserve(modules.size());
  for (const auto &module : modules) all.push_back(place_.root / module);
  return all;
}

void TreeBuilder::copy(const Stamp &old) const {
  // A source file that no longer exists can leave an object or a module behind, and a patch must not be applied
  // twice.
  const bool fresh =
      old.settings != now_.settings || !same_names(old.files, now_.files) || now_.files.contains("dkms.conf");
  if (fresh) storage::remove_folder(place_.root);
  storage::make_folder(place_.root);
  // No stamp while the copies change: if we are killed here, the next build starts from nothing.
  fs::remove(place_.root / kStamp);
  copy_sources(tree_, place_.root, now_.files, fresh ? SourceFiles{} : old.files);
}

void TreeBuilder::check_way() const {
  std::error_code error;
  if (!wish_.before.empty() || fs::exists(place_.folder / "dkms.conf", error)) return;
  if (build_way_of(place_.folder) != BuildWay::none) return;
  throw base::UsageError(
      base::Code::builds_no_module, fmt::format("{} has neither a Kbuild nor a Makefile", wish_.folder.string()),
      fmt::format("write a file Kbuild with the line `obj-m += {}.o`", wish_.folder.filename().string()));
}

void TreeBuilder::fail(const std::string &log, const std::string &name) const {
  if (text::contains(log, "/lib/modules/") && text::contains(log, "No such file")) check_running_kernel(log);
  write_stamp(place_.root / kStamp, now_);
  const std::string what = name.empty() ? wish_.folder.filename().string() : name;
  auto missing = undefined_symbols(log);
  for (auto &function : undeclared_functions(log)) missing.push_back(std::move(function));
  throw BuildError(fmt::format("{} does not build for the kernel {}", what, kernel_.name), log,
                   find_build_errors(log, tree_.root.string()), hint_for_missing(missing, kernel_));
}

std::vector<std::string> TreeBuilder::modules_built(const std::string &name) const {
  const auto wanted = modules_of_dkms(place_, wish_);
  std::map<std::string, std::string> all, installed;  // by name: a Makefile can copy what it has built
  for (const auto &entry : fs::recursive_directory_iterator(place_.root)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".ko") continue;
    const auto stem = text::lsmod_name(entry.path().stem().string());
    const auto path = entry.path().lexically_relative(place_.root).string();
    all.emplace(stem, path);
    if (std::find(wanted.begin(), wanted.end(), stem) != wanted.end()) installed.emplace(stem, path);
  }
  if (all.empty()) refuse_nothing(name);
  std::vector<std::string> modules;
  for (const auto &[stem, path] : installed.empty() ? all : installed) modules.push_back(path);
  return modules;
}

void TreeBuilder::refuse_nothing(const std::string &name) const {
  throw base::UsageError(
      base::Code::builds_no_module, fmt::format("{} builds no module", wish_.folder.string()),
      fmt::format("its Kbuild or Makefile needs the line `obj-m += {}.o`", name.empty() ? "NAME" : name));
}

/// A makefile that chooses the kernel can build for another one than that which is asked for.
void TreeBuilder::check_kernel(const std::vector<fs::path> &modules) const {
  for (const auto &ko : modules) {
    const auto release = built_for(ko);
    if (release.empty() || release == kernel_.release) continue;
    refuse_other_kernel(
        fmt::format("{} was built for the kernel {}, not for {}", ko.filename().string(), release, kernel_.release));
  }
}

void TreeBuilder::check_running_kernel(const std::string &log) const {
  const auto at = log.find("/lib/modules/");
  const auto end = log.find_first_of(":' \n", at);
  if (!read_makefiles(place_.root).running_kernel) return;
  refuse_other_kernel(fmt::format("{} builds for the kernel in {}, not for {}", wish_.folder.string(),
                                  log.substr(at, end - at), kernel_.release));
}

void TreeBuilder::refuse_other_kernel(const std::string &what) const {
  const auto line = read_makefiles(place_.root).running_kernel;
  const std::string where =
      line ? fmt::format(": see line {} of {}: {}", line->line,
                         (tree_.root / line->file.lexically_relative(place_.root)).string(), line->text)
           : std::string();
  throw base::UsageError(base::Code::built_for_other_kernel, what + where,
                         "write KDIR ?= /lib/modules/$(shell uname -r)/build there and $(KDIR) where it is used: "
                         "kmodtest sets KDIR");
}

}  // namespace kmodtest::kernel
