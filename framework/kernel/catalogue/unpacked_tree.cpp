// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/catalogue/unpacked_tree.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <memory>
#include <yaml-cpp/yaml.h>

#include "base/error.hpp"
#include "base/process.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char *kManifest = "manifest.yaml";
/// Raise it when the layout of a kernel's folder changes: older folders are then fetched again.
constexpr int kLayout = 2;

[[noreturn]] void fail_to_unpack(const fs::path &package, const std::string &why) {
  if (says_disk_full(why)) {
    throw base::Error(base::Code::disk_full,
                      fmt::format("cannot unpack {}: the disk is full", package.filename().string()),
                      "free some space, or set KMODTEST_CACHE to a folder on another disk");
  }
  throw base::Error(base::Code::bad_package, fmt::format("cannot unpack {}: {}", package.filename().string(), why),
                    "fetch it again; if that fails too, use another kernel from `kmodtest kernels list`");
}

/// An RPM is a header and a compressed cpio archive. libarchive reads both.
void unpack_rpm(const fs::path &package, const fs::path &to) {
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), archive_read_free);
  const std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_disk_new(), archive_write_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_filter_rpm(reader.get());
  archive_read_support_format_cpio(reader.get());
  archive_write_disk_set_options(
      writer.get(), ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS);
  const auto expect = [&](archive *which, int result) {
    if (result >= ARCHIVE_WARN) return;
    const char *why = archive_error_string(which);
    fail_to_unpack(package, why != nullptr ? why : "it is damaged");
  };
  expect(reader.get(), archive_read_open_filename(reader.get(), package.c_str(), 1 << 16));
  archive_entry *entry = nullptr;
  for (int found = 0; (found = archive_read_next_header(reader.get(), &entry)) != ARCHIVE_EOF;) {
    expect(reader.get(), found);
    const fs::path inside = fs::path(archive_entry_pathname(entry)).lexically_normal().relative_path();
    archive_entry_set_pathname(entry, (to / inside).c_str());
    if (const char *target = archive_entry_hardlink(entry))
      archive_entry_set_hardlink(entry, (to / fs::path(target).relative_path()).c_str());
    expect(reader.get(), archive_read_extract2(reader.get(), entry, writer.get()));
  }
}

void unpack_deb(const fs::path &package, const fs::path &to) {
  const auto result = base::run_process({"dpkg-deb", "-x", package, to}, {.environment = {{"LC_ALL", "C"}}});
  if (!result.ok()) fail_to_unpack(package, result.err);
}

/// Returns the only entry of a folder whose name starts with `prefix`; empty if there is none.
fs::path only_entry(const fs::path &folder, const std::string &prefix) {
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with(prefix)) return entry.path();
  }
  return {};
}

/// Packages of some distributions have the image among the modules.
fs::path find_image(const fs::path &tree) {
  if (fs::path image = only_entry(tree / "boot", "vmlinuz-"); !image.empty()) return image;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(tree / "lib/modules", error)) {
    if (fs::exists(entry.path() / "vmlinuz", error)) return entry.path() / "vmlinuz";
  }
  return {};
}

/// Debian: linux-headers-RELEASE. Fedora: kernels/RELEASE.
fs::path find_headers(const fs::path &tree, const std::string &release) {
  std::error_code error;
  for (const std::string &name : {"linux-headers-" + release, "kernels/" + release}) {
    if (fs::exists(tree / "usr/src" / name / "Makefile", error)) return tree / "usr/src" / name;
  }
  return {};
}

void replace_all(std::string &text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

/// Debian's headers of one flavour are a Makefile that includes that of all flavours by its absolute path.
void include_by_place(const fs::path &makefile) {
  constexpr std::string_view kHere = "kmodtest-here";
  std::string text = storage::read_whole_file(makefile);
  if (text.find(kHere) != std::string::npos || text.find("/usr/src/") == std::string::npos || text.size() > 4096)
    return;
  replace_all(text, "/usr/src/", fmt::format("$({})/", kHere));
  storage::write_whole_file(makefile,
                            fmt::format("{} := $(realpath $(dir $(lastword $(MAKEFILE_LIST)))..)\n{}", kHere, text));
}

void make_links_relative(const fs::path &tree) {
  std::vector<fs::path> links;
  for (const auto &entry : fs::recursive_directory_iterator(tree)) {
    if (entry.is_symlink() && fs::read_symlink(entry.path()).is_absolute()) links.push_back(entry.path());
  }
  for (const fs::path &link : links) {
    const fs::path target = tree / fs::read_symlink(link).relative_path();
    fs::remove(link);
    fs::create_symlink(target.lexically_relative(link.parent_path()), link);
  }
}

}  // namespace

void unpack_package(const fs::path &package, const fs::path &to) {
  if (package.extension() == ".rpm")
    unpack_rpm(package, to);
  else
    unpack_deb(package, to);
}

void make_relocatable(const fs::path &tree) {
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(tree / "usr/src", error)) {
    const auto makefile = entry.path() / "Makefile";
    if (fs::is_regular_file(makefile) && entry.path().filename().string().starts_with("linux-headers-"))
      include_by_place(makefile);
  }
  make_links_relative(tree);
  // Newer packages put the modules below usr/lib; from here on both names work.
  if (!fs::exists(tree / "lib") && fs::exists(tree / "usr/lib/modules")) fs::create_symlink("usr/lib", tree / "lib");
}

Kernel find_kernel(const fs::path &tree, const std::string &packages) {
  Kernel kernel;
  kernel.image = find_image(tree);
  if (kernel.image.empty()) {
    throw base::Error(base::Code::bad_package, fmt::format("there is no kernel image in {}", packages),
                      "give the package of the kernel itself as well (linux-image-…, kernel-core-…)");
  }
  kernel.release = bzimage_release(kernel.image);
  kernel.digest = storage::sha256_file(kernel.image);
  kernel.modules_dir = tree / "lib/modules" / kernel.release;
  kernel.headers = find_headers(tree, kernel.release);
  if (!fs::is_directory(kernel.modules_dir / "kernel")) {
    throw base::Error(base::Code::bad_package,
                      fmt::format("{} has the kernel {} but not its modules", packages, kernel.release),
                      "give the package of its modules as well, of the same version (linux-modules-…, "
                      "kernel-modules-…)");
  }
  return kernel;
}

void make_module_index(const fs::path &tree, const std::string &release) {
  const auto depmod = base::run_process({"depmod", "-b", tree, "-C", "/dev/null", release});
  if (depmod.ok() && fs::exists(tree / "lib/modules" / release / "modules.dep")) return;
  throw base::Error(base::Code::bad_package, fmt::format("depmod failed for {}: {}", release, depmod.err),
                    "reinstall it: apt install --reinstall kmod");
}

void write_manifest(const fs::path &tree, const std::string &origin, const std::vector<Package> &packages,
                    const Kernel &kernel) {
  const auto within = [&tree](const fs::path &path) {
    return path.empty() ? std::string() : path.lexically_relative(tree).string();
  };
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "layout" << YAML::Value << kLayout << YAML::Key << "origin" << YAML::Value
      << origin << YAML::Key << "release" << YAML::Value << kernel.release << YAML::Key << "image" << YAML::Value
      << within(kernel.image) << YAML::Key << "modules_dir" << YAML::Value << within(kernel.modules_dir) << YAML::Key
      << "headers" << YAML::Value << within(kernel.headers) << YAML::Key << "digest" << YAML::Value << kernel.digest
      << YAML::Key << "packages" << YAML::Value << YAML::BeginSeq;
  for (const auto &package : packages) {
    out << YAML::Flow << YAML::BeginMap << YAML::Key << "name" << YAML::Value << package.name << YAML::Key << "version"
        << YAML::Value << package.version << YAML::Key << "sha256" << YAML::Value << package.sha256 << YAML::EndMap;
  }
  out << YAML::EndSeq << YAML::EndMap;
  storage::write_whole_file(tree / kManifest, std::string(out.c_str()) + "\n");
}

std::optional<Kernel> read_manifest(const fs::path &tree, const std::string &origin) {
  std::error_code error;
  if (!fs::exists(tree / kManifest, error)) return std::nullopt;
  try {
    const auto manifest = YAML::Load(storage::read_whole_file(tree / kManifest));
    const auto within = [&](const char *key) {
      const auto path = manifest[key].as<std::string>();
      return path.empty() ? fs::path() : tree / path;
    };
    if (manifest["layout"].as<int>() != kLayout || manifest["origin"].as<std::string>() != origin) return std::nullopt;
    Kernel kernel;
    kernel.release = manifest["release"].as<std::string>();
    kernel.image = within("image");
    kernel.modules_dir = within("modules_dir");
    kernel.headers = within("headers");
    kernel.digest = manifest["digest"].as<std::string>();
    const bool whole = fs::exists(kernel.image, error) && fs::exists(kernel.modules_dir / "modules.dep", error) &&
                       (kernel.headers.empty() || fs::exists(kernel.headers, error));
    return whole ? std::optional(kernel) : std::nullopt;
  } catch (const YAML::Exception &) {
    return std::nullopt;  // a damaged manifest: made again
  }
}

}  // namespace kmodtest::kernel
