// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/notice_sink.hpp"

/// Kernels: which exist, where they come from, what is in them.
namespace kmodtest::kernel {

/// A kernel that can be booted and built against.
struct Kernel {
  std::string name;                   ///< catalogue name ("debian-6.1-cloud"), path of a vmlinuz, or "host"
  std::string release;                ///< uname -r, read from the image's own setup header, not from its file name
  std::filesystem::path image;        ///< bzImage
  std::filesystem::path modules_dir;  ///< …/lib/modules/RELEASE; may be empty
  std::filesystem::path headers;      ///< the folder for `make -C`; may be empty: then nothing can be built for it
  std::vector<std::string> make_arguments;  ///< what Kbuild needs here, e.g. CC=gcc-12
  std::string digest;                       ///< of the image's content (hex): two kernels with one digest are the same
};

/// One entry of images/kernels.yaml.
struct CatalogueEntry {
  std::string name;
  std::string description;
  bool is_default = false;
  std::string suite;            ///< Debian suite; the mirror is the machine's own
  std::string image_package;    ///< e.g. linux-image-cloud-amd64 (a meta package is followed)
  std::string headers_package;  ///< e.g. linux-headers-cloud-amd64
  std::vector<std::string> make_arguments;
};

std::vector<CatalogueEntry> read_catalogue(const std::filesystem::path &file);

class KernelStore {
 public:
  /// `notices` has to outlive the store. It is told what takes long ("downloading linux-image-… (27 MB)").
  KernelStore(std::vector<CatalogueEntry> catalogue, std::filesystem::path cache, base::NoticeSink &notices);

  const std::vector<CatalogueEntry> &catalogue() const { return catalogue_; }
  const CatalogueEntry &default_entry() const;

  /// The kernel if it is in the cache, whole.
  std::optional<Kernel> cached(const std::string &name) const;

  /// Downloads what is missing with the machine's own apt configuration and unpacks it into the cache, without root and
  /// without installing. Safe against other processes doing the same (a lock file) and against being killed (a folder
  /// appears under its name only when it is whole). Throws base::Error.
  Kernel fetch(const std::string &name);

  /// Throws base::UsageError when no such kernel can be had: a name that the catalogue lacks, a file that is no kernel,
  /// a host without its image. Fetches nothing.
  void check(const std::string &name_or_path, const std::filesystem::path &modules_dir = {},
             const std::filesystem::path &headers = {}) const;

  /// A kernel by catalogue name (fetched when missing), path of a bzImage, or "host" (the running kernel).
  Kernel resolve(const std::string &name_or_path, const std::filesystem::path &modules_dir = {},
                 const std::filesystem::path &headers = {});

 private:
  std::vector<CatalogueEntry> catalogue_;
  std::filesystem::path cache_;
  base::NoticeSink *notices_;
};

/// The release in a bzImage's setup header (kernel: Documentation/arch/x86/boot.rst, field kernel_version).
/// Throws base::Error when the file is no bzImage for x86-64.
std::string bzimage_release(const std::filesystem::path &image);

/// Files of the modules `names` and of all that they depend on, in the order of loading (modules.dep, modules.builtin).
/// Names with '-' or '_' alike. Built-in ones are left out. Throws base::Error for one that the kernel does not have.
std::vector<std::filesystem::path> modules_with_dependencies(const std::filesystem::path &modules_dir,
                                                             const std::vector<std::string> &names);

/// The bytes of a module, decompressed when its name ends in .xz, .zst or .gz (libarchive). Throws base::Error.
std::string read_module(const std::filesystem::path &file);

/// What the initramfs is made of.
struct InitramfsInputs {
  std::filesystem::path agent;                         ///< becomes /init
  std::filesystem::path busybox;                       ///< static
  std::vector<std::filesystem::path> channel_modules;  ///< loaded by the agent, in this order, for a virtio channel
  std::vector<std::filesystem::path> machine_modules;  ///< loaded always
};

/// Writes a newc cpio, not compressed, with libarchive. Reproducible: same inputs, same bytes. Written whole or not at
/// all.
void write_initramfs(const InitramfsInputs &inputs, const std::filesystem::path &to);

/// The initramfs for a kernel in the cache: made when missing or when an input changed.
std::filesystem::path initramfs_for(const Kernel &kernel, const std::filesystem::path &cache);

/// The files of what the virtio channel needs, as far as this kernel has it as modules.
std::vector<std::filesystem::path> channel_modules(const Kernel &kernel);
/// The same for the device that tells QEMU of a panic.
std::vector<std::filesystem::path> machine_modules(const Kernel &kernel);
/// False: the kernel has neither a built-in nor a loadable virtio console; use the serial channel.
bool has_virtio_console(const Kernel &kernel);

}  // namespace kmodtest::kernel
