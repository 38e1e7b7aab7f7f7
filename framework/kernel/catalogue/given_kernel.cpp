// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/catalogue/given_kernel.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

#include "base/error.hpp"
#include "kernel/catalogue/apt.hpp"
#include "kernel/catalogue/unpacked_tree.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char *kBuiltImage = "arch/x86/boot/bzImage";
constexpr const char *kOrder = "modules.order";

bool is_package(const fs::path &file) {
  return file.extension() == ".deb" || file.extension() == ".rpm";
}

/// Also those of Fedora and its relatives: kernel-core-…
bool is_package_of_a_kernel(const fs::path &file) {
  const std::string name = file.filename().string();
  return is_package(file) && name.find("-dbg") == std::string::npos && name.find("-debuginfo") == std::string::npos &&
         (is_kernel_package(name) || name.starts_with("kernel-"));
}

std::vector<fs::path> packages_in(const fs::path &folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && is_package_of_a_kernel(entry.path())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool has_image_of_packages(const fs::path &folder) {
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(folder / "boot", error)) {
    if (entry.path().filename().string().starts_with("vmlinuz-")) return true;
  }
  return false;
}

GivenKernel look_at_folder(const fs::path &folder) {
  std::error_code error;
  if (fs::exists(folder / kBuiltImage, error)) return {GivenKernel::Kind::tree, folder, {}};
  if (has_image_of_packages(folder)) return {GivenKernel::Kind::unpacked, folder, {}};
  if (auto packages = packages_in(folder); !packages.empty()) return {GivenKernel::Kind::packages, folder, packages};
  if (fs::exists(folder / "Kconfig", error)) {
    throw base::UsageError(base::Code::not_a_kernel,
                           fmt::format("the kernel in {} is not built: {} is missing", folder.string(), kBuiltImage),
                           fmt::format("build it: make -C {} -j$(nproc) bzImage modules", folder.string()));
  }
  throw base::UsageError(base::Code::not_a_kernel, fmt::format("there is no kernel in the folder {}", folder.string()),
                         "give a folder in which a kernel was built, one with a kernel's packages (.deb, .rpm), or one "
                         "into which they were unpacked (boot/, lib/modules/)");
}

/// The headers and tools of a kernel are packages of their own, mostly in the same folder.
GivenKernel look_at_package(const fs::path &file) {
  std::vector<fs::path> packages = packages_in(file.parent_path());
  if (std::find(packages.begin(), packages.end(), file) == packages.end()) packages.push_back(file);
  return {GivenKernel::Kind::packages, file, packages};
}

void add_stamp(std::string &text, const fs::path &file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  const auto time = fs::last_write_time(file, error).time_since_epoch().count();
  text += fmt::format("{}\n{}\n{}\n", file.string(), error ? 0 : size, error ? 0 : time);
}

void copy_folder(const fs::path &from, const fs::path &to) {
  std::error_code error;
  if (!fs::exists(from, error)) return;
  storage::make_folder(to.parent_path());
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
}

void copy_unpacked(const fs::path &tree, const fs::path &from) {
  copy_folder(from / "boot", tree / "boot");
  copy_folder(from / "usr/src", tree / "usr/src");
  copy_folder(from / "usr/lib/modules", tree / "usr/lib/modules");
  if (!fs::is_symlink(from / "lib")) copy_folder(from / "lib/modules", tree / "lib/modules");
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(from / "usr/lib", error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("linux-kbuild-")) copy_folder(entry.path(), tree / "usr/lib" / name);
  }
}

/// As `make modules_install` does, but without running anything: modules.order lists what was built.
void copy_built_modules(const fs::path &from, const fs::path &to) {
  std::istringstream lines(storage::read_whole_file(from / kOrder));
  for (std::string line; std::getline(lines, line);) {
    // Since 6.2 the list has the objects and not the modules.
    const fs::path module = fs::path(line).replace_extension(".ko");
    storage::make_folder((to / "kernel" / module).parent_path());
    fs::copy_file(from / module, to / "kernel" / module);
  }
  storage::make_folder(to / "kernel");
  for (const char *name : {kOrder, "modules.builtin", "modules.builtin.modinfo"}) {
    if (fs::exists(from / name)) fs::copy_file(from / name, to / name);
  }
}

void copy_built(const fs::path &tree, const fs::path &from) {
  const std::string release = bzimage_release(from / kBuiltImage);
  storage::make_folder(tree / "boot");
  fs::copy_file(from / kBuiltImage, tree / "boot" / ("vmlinuz-" + release));
  const fs::path modules = tree / "lib/modules" / release;
  if (fs::exists(from / kOrder))
    copy_built_modules(from, modules);
  else
    storage::make_folder(modules / "kernel");
  storage::make_folder(tree / "usr/src");
  fs::create_symlink(from, tree / "usr/src" / ("linux-headers-" + release));
}

}  // namespace

std::optional<GivenKernel> look_at(const std::string &name_or_path) {
  if (name_or_path == "host") return GivenKernel{GivenKernel::Kind::host, {}, {}};
  const fs::path path = fs::absolute(name_or_path).lexically_normal();
  std::error_code error;
  const bool is_path = name_or_path.find('/') != std::string::npos;
  if (is_path && fs::is_directory(path, error)) return look_at_folder(path);
  if (!is_path && !fs::is_regular_file(path, error)) return std::nullopt;
  if (is_package(path) && fs::exists(path, error)) return look_at_package(path);
  return GivenKernel{GivenKernel::Kind::image, path, {}};
}

std::string origin_of(const GivenKernel &given) {
  std::string text = given.path.string() + '\n';
  for (const fs::path &package : given.packages) add_stamp(text, package);
  if (given.kind == GivenKernel::Kind::tree) {
    for (const char *name : {kBuiltImage, kOrder, "Module.symvers", ".config"}) add_stamp(text, given.path / name);
  }
  if (given.kind == GivenKernel::Kind::unpacked) {
    for (const char *name : {"boot", "lib/modules", "usr/lib/modules", "usr/src"}) {
      std::error_code error;
      for (const auto &entry : fs::directory_iterator(given.path / name, error)) add_stamp(text, entry.path());
    }
  }
  return storage::sha256(text);
}

void copy_into(const fs::path &tree, const GivenKernel &given) {
  storage::make_folder(tree);
  if (given.kind == GivenKernel::Kind::tree) copy_built(tree, given.path);
  if (given.kind == GivenKernel::Kind::unpacked) copy_unpacked(tree, given.path);
  for (const fs::path &package : given.packages) unpack_package(package, tree);
}

}  // namespace kmodtest::kernel
