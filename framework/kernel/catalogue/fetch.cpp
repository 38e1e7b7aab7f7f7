// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <sys/utsname.h>
#include <yaml-cpp/yaml.h>

#include "base/error.hpp"
#include "base/process.hpp"
#include "kernel/catalogue/apt.hpp"
#include "kernel/kernel.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char *kManifest = "manifest.yaml";
// Raise it when the layout of a kernel's folder changes: older folders are then fetched again.
constexpr int kLayout = 1;

bool wanted_dependency(const std::string &name) {
  // Only parts of the kernel; not gcc, kmod, initramfs-tools…
  for (const char *prefix : {"linux-image-", "linux-headers-", "linux-kbuild-", "linux-binary-", "linux-modules-"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

std::vector<Package> with_dependencies(const AptState &apt, const std::vector<std::string> &names) {
  std::vector<Package> packages;
  std::set<std::string> seen;
  std::vector<std::string> open(names.rbegin(), names.rend());
  while (!open.empty()) {
    const auto name = open.back();
    open.pop_back();
    if (!seen.insert(name).second) continue;
    packages.push_back(apt.show(name));
    for (const auto &next : packages.back().depends) {
      if (wanted_dependency(next)) open.push_back(next);
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

void unpack(const fs::path &package, const fs::path &to) {
  const auto result = base::run_process({"dpkg-deb", "-x", package, to}, {.environment = {{"LC_ALL", "C"}}});
  if (result.ok()) return;
  if (result.err.find("No space left on device") != std::string::npos) {
    throw base::Error(base::Code::disk_full,
                      fmt::format("cannot unpack {}: the disk is full", package.filename().string()),
                      "free some space, or set KMODTEST_CACHE to a folder on another disk");
  }
  throw base::Error(base::Code::bad_package,
                    fmt::format("cannot unpack {}: {}", package.filename().string(), result.err),
                    "fetch it again; if that fails too, use another kernel from `kmodtest kernels list`");
}

/// Returns the only entry of a folder whose name starts with `prefix`; empty if there is none.
fs::path only_entry(const fs::path &folder, const std::string &prefix, const std::string &suffix = "") {
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(suffix)) return entry.path();
  }
  return {};
}

/// Makes the absolute paths and links of packages, which expect to be unpacked into /, name `prefix`, their final
/// place.
void relocate(const fs::path &tree, const fs::path &prefix) {
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(tree / "usr/src", error)) {
    const auto makefile = entry.path() / "Makefile";
    if (!fs::is_regular_file(makefile) || !entry.path().filename().string().starts_with("linux-headers-")) continue;
    auto text = storage::read_whole_file(makefile);
    const std::string absolute = "include /usr/src/";
    if (const auto at = text.find(absolute); at != std::string::npos) {
      text.replace(at, absolute.size(), fmt::format("include {}/usr/src/", prefix.string()));
      storage::write_whole_file(makefile, text);
    }
  }
  std::vector<std::pair<fs::path, fs::path>> links;
  for (const auto &entry : fs::recursive_directory_iterator(tree)) {
    if (!entry.is_symlink()) continue;
    const auto target = fs::read_symlink(entry.path());
    if (target.is_absolute()) links.emplace_back(entry.path(), prefix / target.relative_path());
  }
  for (const auto &[link, target] : links) {
    fs::remove(link);
    fs::create_symlink(target, link);
  }
}

void write_manifest(const fs::path &tree, const fs::path &prefix, const CatalogueEntry &entry,
                    const std::vector<Package> &packages, const Kernel &kernel) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "layout" << YAML::Value << kLayout << YAML::Key << "prefix" << YAML::Value
      << prefix.string() << YAML::Key << "suite" << YAML::Value << entry.suite << YAML::Key << "release" << YAML::Value
      << kernel.release << YAML::Key << "image" << YAML::Value << kernel.image.string() << YAML::Key << "modules_dir"
      << YAML::Value << kernel.modules_dir.string() << YAML::Key << "headers" << YAML::Value << kernel.headers.string()
      << YAML::Key << "digest" << YAML::Value << kernel.digest << YAML::Key << "packages" << YAML::Value
      << YAML::BeginSeq;
  for (const auto &package : packages) {
    out << YAML::Flow << YAML::BeginMap << YAML::Key << "name" << YAML::Value << package.name << YAML::Key << "version"
        << YAML::Value << package.version << YAML::Key << "sha256" << YAML::Value << package.sha256 << YAML::EndMap;
  }
  out << YAML::EndSeq << YAML::EndMap;
  storage::write_whole_file(tree / kManifest, std::string(out.c_str()) + "\n");
}

/// Describes an unpacked tree, with paths as if it were at `prefix` already.
Kernel describe(const fs::path &tree, const fs::path &prefix, const CatalogueEntry &entry) {
  Kernel kernel;
  kernel.name = entry.name;
  kernel.make_arguments = entry.make_arguments;
  const auto image = only_entry(tree / "boot", "vmlinuz-");
  if (image.empty()) {
    throw base::Error(base::Code::bad_package, fmt::format("the package {} has no kernel image", entry.image_package),
                      "correct the kernel's entry in kernels.yaml");
  }
  kernel.release = bzimage_release(image);
  kernel.digest = storage::sha256_file(image);
  kernel.image = prefix / fs::relative(image, tree);
  kernel.modules_dir = prefix / "lib/modules" / kernel.release;
  kernel.headers = prefix / "usr/src" / ("linux-headers-" + kernel.release);
  if (!fs::is_directory(tree / "lib/modules" / kernel.release / "kernel") ||
      !fs::is_directory(tree / "usr/src" / ("linux-headers-" + kernel.release))) {
    throw base::Error(
        base::Code::bad_package,
        fmt::format("the packages of '{}' do not match: modules or headers of {} are missing", entry.name,
                    kernel.release),
        "the mirror is being updated: try again later, or use another kernel from `kmodtest kernels list`");
  }
  return kernel;
}

const CatalogueEntry &find_entry(const std::vector<CatalogueEntry> &catalogue, const std::string &name) {
  std::string known;
  for (const auto &entry : catalogue) {
    if (entry.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw base::UsageError(base::Code::unknown_kernel, fmt::format("there is no kernel '{}'", name),
                         fmt::format("use one of {}, 'host', or the path of a vmlinuz", known));
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

/// Returns the kernel for "host" or the path of an image; nothing for a name of the catalogue.
std::optional<Kernel> kernel_by_files(const std::string &name_or_path, const fs::path &modules_dir,
                                      const fs::path &headers) {
  if (name_or_path == "host") return host_kernel(modules_dir, headers);
  if (name_or_path.find('/') == std::string::npos && !fs::is_regular_file(name_or_path)) return std::nullopt;
  Kernel kernel;
  kernel.name = name_or_path;
  kernel.image = fs::absolute(name_or_path);
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

std::optional<Kernel> KernelStore::cached(const std::string &name) const {
  const auto &entry = find_entry(catalogue_, name);
  const auto prefix = cache_ / "kernels" / name;
  std::error_code error;
  if (!fs::exists(prefix / kManifest, error)) return std::nullopt;
  try {
    const auto manifest = YAML::Load(storage::read_whole_file(prefix / kManifest));
    Kernel kernel;
    kernel.name = name;
    kernel.make_arguments = entry.make_arguments;
    kernel.release = manifest["release"].as<std::string>();
    kernel.image = manifest["image"].as<std::string>();
    kernel.modules_dir = manifest["modules_dir"].as<std::string>();
    kernel.headers = manifest["headers"].as<std::string>();
    kernel.digest = manifest["digest"].as<std::string>();
    // If the cache has been moved, its Makefiles name the old place.
    const bool whole = manifest["layout"].as<int>() == kLayout && manifest["prefix"].as<std::string>() == prefix &&
                       manifest["suite"].as<std::string>() == entry.suite && fs::exists(kernel.image, error) &&
                       fs::exists(kernel.modules_dir / "modules.dep", error) && fs::exists(kernel.headers, error);
    return whole ? std::optional(kernel) : std::nullopt;
  } catch (const YAML::Exception &) {
    return std::nullopt;  // a damaged manifest: fetch again
  }
}

Kernel KernelStore::fetch(const std::string &name) {
  const auto &entry = find_entry(catalogue_, name);
  if (auto kernel = cached(name)) return *kernel;
  storage::make_folder(cache_ / "kernels");
  const storage::FileLock lock(cache_ / "locks" / fmt::format("kernel-{}.lock", name));
  // Another process may have fetched it while we waited for the lock.
  if (auto kernel = cached(name)) return *kernel;
  const auto prefix = cache_ / "kernels" / name;
  // The process that left these behind is dead: we hold the lock.
  const auto work = cache_ / "kernels" / fmt::format(".{}.partial", name);
  storage::remove_folder(work);
  storage::make_folder(work / "packages");
  const auto tree = work / "tree";
  storage::make_folder(tree);
  try {
    notices_->say(fmt::format("fetching the package lists of {}", entry.suite));
    AptState apt(work / "apt", entry.suite);
    apt.update();
    const auto packages = with_dependencies(apt, {entry.image_package, entry.headers_package});
    check_space(work, packages);
    for (const auto &package : packages) {
      if (package.download_bytes > 10'000) {
        notices_->say(fmt::format("downloading {} {} ({:.1f} MB)", package.name, package.version,
                                  static_cast<double>(package.download_bytes) / 1e6));
      }
      apt.download({package}, work / "packages");
    }
    notices_->say(fmt::format("unpacking {}", name));
    for (const auto &file : fs::directory_iterator(work / "packages")) unpack(file.path(), tree);
    // Newer packages put the modules below usr/lib; from here on both names work.
    if (!fs::exists(tree / "lib") && fs::exists(tree / "usr/lib/modules")) fs::create_symlink("usr/lib", tree / "lib");
    relocate(tree, prefix);
    Kernel kernel = describe(tree, prefix, entry);
    const auto depmod = base::run_process({"depmod", "-b", tree, "-C", "/dev/null", kernel.release});
    if (!depmod.ok() || !fs::exists(tree / "lib/modules" / kernel.release / "modules.dep")) {
      throw base::Error(base::Code::bad_package, fmt::format("depmod failed for {}: {}", kernel.release, depmod.err),
                        "reinstall it: apt install --reinstall kmod");
    }
    write_manifest(tree, prefix, entry, packages, kernel);
    storage::remove_folder(prefix);
    fs::rename(tree, prefix);
    storage::remove_folder(work);
    return kernel;
  } catch (const fs::filesystem_error &error) {
    std::error_code ignored;
    fs::remove_all(work, ignored);
    throw base::Error(base::Code::cannot_write,
                      fmt::format("cannot put the kernel '{}' into the cache: {}: {}", name, error.path1().string(),
                                  error.code().message()),
                      "free some space, or set KMODTEST_CACHE to a folder on another disk");
  } catch (const base::Interrupted &) {
    std::error_code ignored;
    fs::remove_all(work, ignored);
    throw;
  } catch (const base::Error &error) {
    std::error_code ignored;
    fs::remove_all(work, ignored);
    throw base::Error(error.code(), fmt::format("cannot fetch the kernel '{}': {}", name, error.what()), error.hint(),
                      error.blame());
  }
}

void KernelStore::check(const std::string &name_or_path, const fs::path &modules_dir, const fs::path &headers) const {
  if (const auto kernel = kernel_by_files(name_or_path, modules_dir, headers)) {
    bzimage_release(kernel->image);
  } else {
    find_entry(catalogue_, name_or_path);
  }
}

Kernel KernelStore::resolve(const std::string &name_or_path, const fs::path &modules_dir, const fs::path &headers) {
  auto kernel = kernel_by_files(name_or_path, modules_dir, headers);
  if (!kernel) return fetch(name_or_path);
  kernel->release = bzimage_release(kernel->image);
  kernel->digest = storage::sha256_file(kernel->image);
  return *kernel;
}

}  // namespace kmodtest::kernel
