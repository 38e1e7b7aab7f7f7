// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <utility>
#include <yaml-cpp/yaml.h>

#include "base/error.hpp"
#include "base/process.hpp"
#include "kernel/catalogue/unpacked_tree.hpp"
#include "kernel/programs/packages.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char *kArchive = "files.cpio";
constexpr const char *kPackagesManifest = "manifest.yaml";
/// Raise it when other files of a package go to the guest: archives of older recipes are then no longer used.
constexpr const char *kPackagesRecipe = "1";
constexpr const char *kFreeSpaceForPackages = "free some space, or set KMODTEST_CACHE to a folder on another disk";

std::string key_of(const std::vector<std::string> &names) {
  constexpr std::size_t kKeyDigits = 32;
  storage::Sha256 digest;
  digest.field(kPackagesRecipe);
  for (const std::string &name : names) digest.field(name);
  return digest.hex().substr(0, kKeyDigits);
}

std::optional<PackageFiles> read_made(const fs::path &folder) {
  std::error_code error;
  if (!fs::exists(folder / kPackagesManifest, error)) return std::nullopt;
  try {
    const auto manifest = YAML::Load(storage::read_whole_file(folder / kPackagesManifest));
    PackageFiles files{.archive = folder / kArchive,
                       .digest = manifest["digest"].as<std::string>(),
                       .bytes = manifest["bytes"].as<std::uint64_t>()};
    const bool whole = fs::file_size(files.archive, error) == files.bytes;
    return whole ? std::optional(files) : std::nullopt;
  } catch (const YAML::Exception &) {
    return std::nullopt;  // a damaged manifest: made again
  }
}

void write_made(const fs::path &folder, const std::string &archive, const std::vector<Package> &packages) {
  storage::make_folder(folder);
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "digest" << YAML::Value << storage::sha256(archive) << YAML::Key << "bytes"
      << YAML::Value << archive.size() << YAML::Key << "packages" << YAML::Value << YAML::BeginSeq;
  for (const Package &package : packages) out << fmt::format("{} {} {}", package.name, package.version, package.sha256);
  out << YAML::EndSeq << YAML::EndMap;
  storage::write_whole_file(folder / kArchive, archive);
  storage::write_whole_file(folder / kPackagesManifest, std::string(out.c_str()) + "\n");
}

void check_room(const fs::path &folder, const std::vector<Package> &packages) {
  constexpr std::uint64_t kCopies = 2;  // the unpacked files, and the archive
  std::uint64_t needed = 0;
  for (const Package &package : packages) needed += package.download_bytes + kCopies * package.installed_bytes;
  std::error_code error;
  const auto space = fs::space(folder, error);
  if (error || space.available >= needed) return;
  throw base::Error(base::Code::disk_full,
                    fmt::format("the disk of {} is full: the packages need {} MB, {} MB are free", folder.string(),
                                needed / 1'000'000, space.available / 1'000'000),
                    kFreeSpaceForPackages);
}

/// Returns the file that apt has downloaded: NAME_VERSION_ARCHITECTURE.deb.
fs::path file_of(const Package &package, const fs::path &folder) {
  for (const auto &entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(package.name + "_")) return entry.path();
  throw base::Error(base::Code::download_failed, fmt::format("apt has not downloaded {}", package.name), "try again");
}

/// Unpacks a package's files and its scripts; runs none of them.
UnpackedPackage unpack(const Package &package, const fs::path &file, const fs::path &to) {
  storage::make_folder(to / "tree");
  unpack_package(file, to / "tree");
  const auto scripts = base::run_process({"dpkg-deb", "-e", file, to / "scripts"}, {.environment = {{"LC_ALL", "C"}}});
  if (!scripts.ok())
    throw base::Error(base::Code::bad_package, fmt::format("cannot unpack {}: {}", package.name, scripts.err),
                      "try again");
  return {.package = package, .tree = to / "tree", .script = to / "scripts/postinst"};
}

void make(const std::vector<std::string> &names, const fs::path &work, base::NoticeSink &notices) {
  if (!base::program_in_path("apt-get") || !base::program_in_path("dpkg-deb"))
    throw base::UsageError(
        base::Code::no_program, "this machine has no apt-get, which fetches packages for a guest",
        "use a machine with Debian or a distribution made from it, or name the programs by `files:`");
  notices.say(fmt::format("fetching the package lists for {}", fmt::join(names, ", ")));
  AptState apt(work / "apt");
  apt.update();
  const std::vector<Package> packages = apt.closure(names);
  check_room(work, packages);
  std::uint64_t bytes = 0;
  for (const Package &package : packages) bytes += package.download_bytes;
  notices.say(fmt::format("downloading {} packages for {} ({:.1f} MB)", packages.size(), fmt::join(names, ", "),
                          static_cast<double>(bytes) / 1e6));
  storage::make_folder(work / "packages");
  apt.download(packages, work / "packages");
  std::vector<UnpackedPackage> unpacked;
  for (const Package &package : packages) {
    unpacked.push_back(unpack(package, file_of(package, work / "packages"), work / "each" / package.name));
    unpacked.back().is_named = std::find(names.begin(), names.end(), package.name) != names.end();
  }
  write_made(work / "made", archive_of_packages(unpacked, work / "root"), packages);
}

}  // namespace

PackageStore::PackageStore(fs::path cache, base::NoticeSink &notices) : cache_(std::move(cache)), notices_(&notices) {}

PackageFiles PackageStore::fetch(std::vector<std::string> names) const {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::string key = key_of(names);
  const fs::path folder = cache_ / "packages" / key;
  if (const auto made = read_made(folder)) return *made;
  storage::make_folder(cache_ / "packages");
  const storage::FileLock lock(cache_ / "locks" / fmt::format("packages-{}.lock", key));
  // Another process may have made them while we waited for the lock.
  if (const auto made = read_made(folder)) return *made;
  const fs::path work = cache_ / "packages" / fmt::format(".{}.partial", key);
  const auto clean = [&work] {
    std::error_code ignored;
    fs::remove_all(work, ignored);
  };
  // The process that left this behind is dead: we hold the lock.
  clean();
  storage::make_folder(work);
  try {
    make(names, work, *notices_);
    storage::remove_folder(folder);
    fs::rename(work / "made", folder);
  } catch (const fs::filesystem_error &error) {
    clean();
    throw base::Error(
        base::Code::cannot_write,
        fmt::format("cannot put packages into the cache: {}: {}", error.path1().string(), error.code().message()),
        kFreeSpaceForPackages);
  } catch (...) {
    clean();
    throw;
  }
  clean();
  if (const auto made = read_made(folder)) return *made;
  throw base::Error(base::Code::cannot_write, "packages are not in the cache after all",
                    "look whether something else cleans up the cache, and try again");
}

fs::path initramfs_with(const fs::path &initramfs, const PackageFiles &packages, const fs::path &cache) {
  constexpr std::size_t kNameDigits = 32;
  storage::Sha256 digest;
  digest.field(initramfs.filename().string()).field(packages.digest);
  fs::path file = cache / "initramfs" / fmt::format("{}.cpio", digest.hex().substr(0, kNameDigits));
  std::error_code error;
  // The kernel unpacks archives that follow each other (init/initramfs.c, unpack_to_rootfs).
  if (!fs::exists(file, error))
    storage::write_whole_file(file, storage::read_whole_file(initramfs) + storage::read_whole_file(packages.archive));
  return file;
}

}  // namespace kmodtest::kernel
