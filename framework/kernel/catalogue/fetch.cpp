// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <sys/utsname.h>

#include "base/error.hpp"
#include "base/process.hpp"
#include "kernel/catalogue/apt.hpp"
#include "kernel/catalogue/build_tools.hpp"
#include "kernel/catalogue/given_kernel.hpp"
#include "kernel/catalogue/unpacked_tree.hpp"
#include "kernel/config.hpp"
#include "kernel/kernel.hpp"
#include "kernel/source_build/source_build.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// What the kernel's build tools are linked with, besides what nobody needs to build a module (libssl).
bool is_library(const std::string &name) {
  return name == "libc6" || name == "zlib1g" || name.starts_with("libelf1") || name.starts_with("libzstd");
}

std::vector<Package> with_dependencies(const AptState &apt, const std::vector<std::string> &names,
                                       bool (*wanted)(const std::string &)) {
  std::vector<Package> packages;
  std::set<std::string> seen;
  std::vector<std::string> open(names.rbegin(), names.rend());
  while (!open.empty()) {
    const auto name = open.back();
    open.pop_back();
    if (!seen.insert(name).second) continue;
    packages.push_back(apt.show(name));
    for (const auto &next : packages.back().depends) {
      if (wanted(next)) open.push_back(next);
    }
  }
  return packages;
}

void check_space(const fs::path &folder, const std::vector<Package> &packages) {
  std::uint64_t needed = 0;
  for (const auto &package : packages) needed += package.download_bytes + package.installed_bytes;
  std::error_code error;
  const auto space = fs::space(folder, error);
  if (!error && space.available < needed) {
    throw base::Error(base::Code::disk_full,
                      fmt::format("the disk of {} is full: the kernel needs {} MB, {} MB are free", folder.string(),
                                  needed / 1'000'000, space.available / 1'000'000),
                      "free some space, or set KMODTEST_CACHE to a folder on another disk");
  }
}

void download(const AptState &apt, const std::vector<Package> &packages, const fs::path &to,
              base::NoticeSink &notices) {
  storage::make_folder(to);
  for (const auto &package : packages) {
    if (package.download_bytes > 10'000) notices.say(download_notice(package));
    apt.download({package}, to);
  }
}

void unpack_all(const fs::path &packages, const fs::path &to) {
  storage::make_folder(to);
  for (const auto &file : fs::directory_iterator(packages)) unpack_package(file.path(), to);
}

/// The build tools of a newer suite can need newer libraries than this machine has.
void complete_build_tools(const std::string &suite, const std::vector<Package> &packages, const fs::path &work,
                          base::NoticeSink &notices) {
  const auto programs = programs_without_libraries(work / "tree");
  if (programs.empty()) return;
  std::vector<std::string> libraries;
  for (const auto &package : packages) {
    if (!package.name.starts_with("linux-kbuild-")) continue;
    std::copy_if(package.depends.begin(), package.depends.end(), std::back_inserter(libraries), is_library);
  }
  // A suite of backports has none of its own.
  AptState apt(work / "apt-of-libraries", suite.substr(0, suite.find("-backports")));
  apt.update();
  download(apt, with_dependencies(apt, libraries, is_library), work / "libraries", notices);
  unpack_all(work / "libraries", work / "libraries-tree");
  use_own_libraries(work / "tree", programs, work / "libraries-tree");
}

const CatalogueEntry &find_entry(const std::vector<CatalogueEntry> &catalogue, const std::string &name) {
  std::string known;
  for (const auto &entry : catalogue) {
    if (entry.name == name || entry.alias == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw base::UsageError(base::Code::unknown_kernel, fmt::format("there is no kernel '{}'", name),
                         fmt::format("use one of {}, 'host', or the path of a kernel", known));
}

Kernel host_kernel(const fs::path &modules_dir, const fs::path &headers) {
  utsname names{};
  ::uname(&names);
  Kernel kernel;
  kernel.name = "host";
  kernel.release = names.release;
  kernel.image = fs::path("/boot") / fmt::format("vmlinuz-{}", kernel.release);
  if (!fs::exists(kernel.image)) {
    throw base::UsageError(
        base::Code::no_host_kernel,
        fmt::format("the running kernel has no image on this machine: {} is missing", kernel.image.string()),
        "use a kernel from `kmodtest kernels list`, or give the path of a vmlinuz");
  }
  kernel.modules_dir = modules_dir.empty() ? fs::path("/lib/modules") / kernel.release : modules_dir;
  if (!fs::is_directory(kernel.modules_dir)) {
    throw base::UsageError(
        base::Code::no_modules_folder,
        fmt::format("the running kernel's modules are not on this machine: {} is missing", kernel.modules_dir.string()),
        "give their folder with --modules-dir");
  }
  kernel.headers = headers;
  if (headers.empty() && fs::exists(kernel.modules_dir / "build")) kernel.headers = kernel.modules_dir / "build";
  return kernel;
}

Kernel kernel_of_image(const std::string &name, const fs::path &image, const fs::path &modules_dir,
                       const fs::path &headers) {
  Kernel kernel;
  kernel.name = name;
  kernel.image = image;
  kernel.modules_dir = modules_dir.empty() ? fs::path() : fs::absolute(modules_dir);
  kernel.headers = headers.empty() ? fs::path() : fs::absolute(headers);
  for (const auto &folder : {kernel.modules_dir, kernel.headers}) {
    if (!folder.empty() && !fs::is_directory(folder)) {
      throw base::UsageError(base::Code::no_such_input, fmt::format("{} is not a folder", folder.string()),
                             "correct --modules-dir or --headers");
    }
  }
  return kernel;
}

bool is_copied(const GivenKernel &given) {
  return given.kind != GivenKernel::Kind::host && given.kind != GivenKernel::Kind::image;
}

}  // namespace

KernelStore::KernelStore(std::vector<CatalogueEntry> catalogue, fs::path cache, base::NoticeSink &notices)
    : catalogue_(std::move(catalogue)), cache_(std::move(cache)), notices_(&notices) {}

const CatalogueEntry &KernelStore::default_entry() const {
  for (const auto &entry : catalogue_) {
    if (entry.is_default) return entry;
  }
  if (catalogue_.empty())
    throw base::UsageError(base::Code::bad_catalogue, "the catalogue of kernels is empty",
                           "install kmodtest again, or correct KMODTEST_DATA");
  return catalogue_.front();
}

std::string KernelStore::fuller_than(const std::string &name) const {
  const auto found = std::find_if(catalogue_.begin(), catalogue_.end(), [&name](const CatalogueEntry &entry) {
    return entry.name == name || entry.alias == name;
  });
  return found == catalogue_.end() ? std::string() : found->fuller;
}

std::optional<Kernel> KernelStore::cached(const std::string &name) const {
  const auto &entry = find_entry(catalogue_, name);
  const std::string origin = entry.is_built() ? origin_of_build(entry, config_of(entry)) : entry.suite;
  auto kernel = read_manifest(cache_ / "kernels" / entry.name, origin);
  if (!kernel) return std::nullopt;
  kernel->name = entry.name;
  kernel->make_arguments = entry.make_arguments;
  return kernel;
}

void KernelStore::make(const std::string &folder, const std::string &what,
                       const std::function<void(const fs::path &work)> &fill) const {
  const auto work = cache_ / "kernels" / fmt::format(".{}.partial", folder);
  // The process that left this behind is dead: we hold the lock.
  storage::remove_folder(work);
  storage::make_folder(work);
  try {
    fill(work);
    storage::remove_folder(cache_ / "kernels" / folder);
    fs::rename(work / "tree", cache_ / "kernels" / folder);
    storage::remove_folder(work);
  } catch (const fs::filesystem_error &error) {
    std::error_code ignored;
    fs::remove_all(work, ignored);
    throw base::Error(
        base::Code::cannot_write,
        fmt::format("cannot {} into the cache: {}: {}", what, error.path1().string(), error.code().message()),
        "free some space, or set KMODTEST_CACHE to a folder on another disk");
  } catch (const base::Interrupted &) {
    std::error_code ignored;
    fs::remove_all(work, ignored);
    throw;
  } catch (const base::Error &error) {
    std::error_code ignored;
    fs::remove_all(work, ignored);
    throw base::Error(error.code(), fmt::format("cannot {}: {}", what, error.what()), error.hint(), error.blame());
  }
}

Kernel KernelStore::found_or_made(const std::string &folder, const std::string &what,
                                  const std::function<std::optional<Kernel>()> &find,
                                  const std::function<void(const fs::path &work)> &fill) const {
  if (auto kernel = find()) return *kernel;
  storage::make_folder(cache_ / "kernels");
  const fs::path lock_file = cache_ / "locks" / fmt::format("kernel-{}.lock", folder);
  auto lock = storage::FileLock::try_take(lock_file);
  if (!lock) {
    notices_->say(fmt::format("waiting for another kmodtest, which works on the same kernel ({})", folder));
    lock = std::make_unique<storage::FileLock>(lock_file);
  }
  // Another process may have made it while we waited for the lock.
  if (auto kernel = find()) return *kernel;
  make(folder, what, fill);
  if (auto kernel = find()) return *kernel;
  throw base::Error(base::Code::cannot_write, fmt::format("the kernel '{}' is not in the cache after all", folder),
                    "look whether something else cleans up the cache, and try again");
}

void KernelStore::fetch_into(const fs::path &work, const CatalogueEntry &entry) const {
  notices_->say(fmt::format("fetching the package lists of {}", entry.suite));
  AptState apt(work / "apt", entry.suite);
  apt.update();
  const auto packages = with_dependencies(apt, {entry.image_package, entry.headers_package}, is_kernel_package);
  check_space(work, packages);
  download(apt, packages, work / "packages", *notices_);
  notices_->say(fmt::format("unpacking {}", entry.name));
  const auto tree = work / "tree";
  unpack_all(work / "packages", tree);
  make_relocatable(tree);
  complete_build_tools(entry.suite, packages, work, *notices_);
  const Kernel kernel = find_kernel(tree, fmt::format("the packages of '{}'", entry.name));
  if (kernel.headers.empty()) {
    throw base::Error(
        base::Code::bad_package, fmt::format("the packages of '{}' have no headers of {}", entry.name, kernel.release),
        "the mirror is being updated: try again later, or use another kernel from `kmodtest kernels list`");
  }
  make_module_index(tree, kernel.release);
  write_manifest(tree, entry.suite, packages, kernel);
}

Kernel KernelStore::fetch(const std::string &name) {
  const auto &entry = find_entry(catalogue_, name);
  check_built(entry);
  return found_or_made(
      entry.name, fmt::format("fetch the kernel '{}'", name), [&] { return cached(name); },
      [&](const fs::path &work) { fetch_into(work, entry); });
}

void KernelStore::check_built(const CatalogueEntry &entry) const {
  if (!entry.is_built() || cached(entry.name)) return;
  throw base::UsageError(base::Code::kernel_not_built,
                         fmt::format("the kernel '{}' is not built on this machine", entry.name),
                         fmt::format("build it once: kmodtest kernels build {}", entry.name));
}

Kernel KernelStore::build(const std::string &name) {
  const auto &entry = find_entry(catalogue_, name);
  if (!entry.is_built())
    throw base::UsageError(base::Code::unknown_kernel,
                           fmt::format("the kernel '{}' is fetched from a mirror, not built", entry.name),
                           fmt::format("fetch it: kmodtest kernels fetch {}", entry.name));
  const std::string config = config_of(entry);
  const auto by_this_compiler = [&]() -> std::optional<Kernel> {
    auto kernel = cached(name);
    const auto built = kernel ? read_kernel_config(*kernel) : std::nullopt;
    const std::string compiler = compiler_version();
    // Without a compiler nothing can be built again.
    const bool same = compiler.empty() || (built && built->value("CONFIG_CC_VERSION_TEXT") == '"' + compiler + '"');
    return same ? kernel : std::nullopt;
  };
  const fs::path folder = cache_ / "kernel-builds" / entry.name;
  Kernel kernel = found_or_made(
      entry.name, fmt::format("build the kernel '{}'", name), by_this_compiler, [&](const fs::path &work) {
        SourceBuild build(entry, config, folder, *notices_);
        build.run();
        const auto tree = work / "tree";
        build.install(tree);
        const Kernel installed = find_kernel(tree, folder.string());
        make_module_index(tree, installed.release);
        write_manifest(tree, origin_of_build(entry, config), {build.source_package()}, installed);
      });
  storage::remove_folder(folder);
  return kernel;
}

/// Copies a kernel of the user's into the cache, so that its modules have an index and its headers can be built
/// against. It is copied again when it changes.
Kernel KernelStore::copied(const std::string &name, const GivenKernel &given) {
  const std::string origin = origin_of(given);
  const std::string folder = "given-" + storage::sha256(given.path.string()).substr(0, 16);
  const auto find = [&] {
    auto kernel = read_manifest(cache_ / "kernels" / folder, origin);
    if (kernel) kernel->name = name;
    return kernel;
  };
  return found_or_made(folder, fmt::format("fetch the kernel '{}'", name), find, [&](const fs::path &work) {
    notices_->say(fmt::format("copying the kernel {}", name));
    const auto tree = work / "tree";
    copy_into(tree, given);
    if (given.kind != GivenKernel::Kind::tree) make_relocatable(tree);
    const Kernel kernel = find_kernel(tree, name);
    make_module_index(tree, kernel.release);
    write_manifest(tree, origin, {}, kernel);
  });
}

void KernelStore::check(const std::string &name_or_path, const fs::path &modules_dir, const fs::path &headers) const {
  const auto given = look_at(name_or_path);
  if (!given) {
    check_built(find_entry(catalogue_, name_or_path));
  } else if (given->kind == GivenKernel::Kind::host) {
    bzimage_release(host_kernel(modules_dir, headers).image);
  } else if (given->kind == GivenKernel::Kind::image) {
    bzimage_release(kernel_of_image(name_or_path, given->path, modules_dir, headers).image);
  }
}

Kernel KernelStore::resolve(const std::string &name_or_path, const fs::path &modules_dir, const fs::path &headers) {
  const auto given = look_at(name_or_path);
  if (!given) return fetch(name_or_path);
  if (is_copied(*given)) {
    Kernel kernel = copied(name_or_path, *given);
    if (!headers.empty()) kernel.headers = fs::absolute(headers);
    return kernel;
  }
  Kernel kernel = given->kind == GivenKernel::Kind::host
                      ? host_kernel(modules_dir, headers)
                      : kernel_of_image(name_or_path, given->path, modules_dir, headers);
  kernel.release = bzimage_release(kernel.image);
  kernel.digest = storage::sha256_file(kernel.image);
  return kernel;
}

}  // namespace kmodtest::kernel
