// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/notice_sink.hpp"

/// Kernels: finding, fetching and reading them.
namespace kmodtest::kernel {

/// A kernel that can be booted, and that modules can be built against.
struct Kernel {
  std::string name;                   ///< catalogue name ("debian-6.1-cloud"), path of a vmlinuz, or "host"
  std::string release;                ///< uname -r, read from the image's own setup header, not from its file name
  std::filesystem::path image;        ///< bzImage
  std::filesystem::path modules_dir;  ///< …/lib/modules/RELEASE; may be empty
  std::filesystem::path headers;      ///< the folder for `make -C`; if empty, nothing can be built for this kernel
  std::vector<std::string> make_arguments;  ///< what Kbuild needs for it, e.g. CC=gcc-12
  std::string digest;                       ///< of the image's content (hex): kernels with equal digests are the same
};

/// One entry of images/kernels.yaml.
struct CatalogueEntry {
  std::string name;
  std::string description;
  std::string alias;   ///< another name for it; may be empty
  std::string fuller;  ///< the entry of the same version with more modules; may be empty
  bool is_default = false;
  std::string suite;            ///< Debian suite; the mirror is the machine's own
  std::string image_package;    ///< e.g. linux-image-cloud-amd64 (a meta package is followed); empty if it is built
  std::string headers_package;  ///< e.g. linux-headers-cloud-amd64; empty if it is built
  std::vector<std::string> make_arguments;
  std::string source_package;       ///< e.g. linux-source-6.1: it is built on this machine; empty if it is fetched
  std::vector<std::string> config;  ///< files next to the catalogue with its configuration, the later ones win
  std::vector<std::string> build_arguments;  ///< further words for make when the kernel itself is built
  int compiled_files = 0;                    ///< about how many its build compiles

  bool is_built() const { return !source_package.empty(); }
};

std::vector<CatalogueEntry> read_catalogue(const std::filesystem::path &file);

struct GivenKernel;

class KernelStore {
 public:
  /// `notices` must outlive the store. It receives a message when something takes long ("downloading linux-image-… (27
  /// MB)").
  KernelStore(std::vector<CatalogueEntry> catalogue, std::filesystem::path cache, base::NoticeSink &notices);

  const std::vector<CatalogueEntry> &catalogue() const { return catalogue_; }
  const CatalogueEntry &default_entry() const;
  /// Returns the name of the kernel of the same version that has more modules; empty if the catalogue has none.
  std::string fuller_than(const std::string &name) const;

  /// Returns the kernel if it is complete in the cache; one that is built here, if it was built with these options.
  std::optional<Kernel> cached(const std::string &name) const;

  /// Downloads what is missing with the machine's own apt configuration and unpacks it into the cache, without root and
  /// without installing. Safe if other processes do the same (a lock file) and if it is killed (a folder gets its final
  /// name only when it is complete). Throws base::Error.
  Kernel fetch(const std::string &name);

  /// Builds a kernel of the catalogue from source, unless the cache has it as it would become now: of these options and
  /// by this machine's compiler. What an interrupted build has done is kept for the next one. Otherwise as fetch().
  /// Throws base::UsageError for a kernel that is fetched.
  Kernel build(const std::string &name);

  /// Throws base::UsageError if there is no such kernel: a name that the catalogue lacks, one that has to be built
  /// first, a file that is not a kernel, a host without its image. Fetches nothing.
  void check(const std::string &name_or_path, const std::filesystem::path &modules_dir = {},
             const std::filesystem::path &headers = {}) const;

  /// Returns a kernel by catalogue name (fetched if missing), "host" (the running kernel), or a path: of a bzImage, of
  /// the folder in which a kernel was built, of one that packages were unpacked into, of a package (.deb, .rpm) or a
  /// folder of them. What is not usable where it is (it has no index of its modules, its headers expect to be in /usr)
  /// is copied into the cache.
  Kernel resolve(const std::string &name_or_path, const std::filesystem::path &modules_dir = {},
                 const std::filesystem::path &headers = {});

 private:
  /// Lets `fill` make WORK/tree, and moves that into the cache under the name `folder`. Throws base::Error that names
  /// `what` ("fetch the kernel 'x'").
  void make(const std::string &folder, const std::string &what,
            const std::function<void(const std::filesystem::path &work)> &fill) const;
  /// Returns what `find` finds. Otherwise makes it as above, one process at a time, and lets `find` look again.
  Kernel found_or_made(const std::string &folder, const std::string &what,
                       const std::function<std::optional<Kernel>()> &find,
                       const std::function<void(const std::filesystem::path &work)> &fill) const;
  void fetch_into(const std::filesystem::path &work, const CatalogueEntry &entry) const;
  /// Throws base::UsageError for a kernel that has to be built before it can be used.
  void check_built(const CatalogueEntry &entry) const;
  Kernel copied(const std::string &name, const GivenKernel &given);

  std::vector<CatalogueEntry> catalogue_;
  std::filesystem::path cache_;
  base::NoticeSink *notices_;
};

/// Returns the release in a bzImage's setup header (kernel: Documentation/arch/x86/boot.rst, field kernel_version).
/// Throws base::Error if the file is not a bzImage for x86-64.
std::string bzimage_release(const std::filesystem::path &image);

/// Returns the files of the modules `names` and of everything that they depend on, in loading order (modules.dep,
/// modules.builtin). '-' and '_' in names are equivalent. Leaves out built-in ones. Throws base::Error for a module
/// that the kernel does not have.
std::vector<std::filesystem::path> modules_with_dependencies(const std::filesystem::path &modules_dir,
                                                             const std::vector<std::string> &names);

/// Returns the bytes of a module, decompressed if its name ends in .xz, .zst or .gz (libarchive). Throws base::Error.
std::string read_module(const std::filesystem::path &file);

/// The parts of the initramfs.
struct InitramfsInputs {
  std::filesystem::path agent;                         ///< becomes /init
  std::filesystem::path busybox;                       ///< static
  std::vector<std::filesystem::path> channel_modules;  ///< loaded by the agent, in this order, for a virtio channel
  std::vector<std::filesystem::path> machine_modules;  ///< always loaded
};

/// Writes an uncompressed newc cpio with libarchive. Reproducible: equal inputs give equal bytes. The file appears only
/// when it is complete.
void write_initramfs(const InitramfsInputs &inputs, const std::filesystem::path &to);

/// Returns the initramfs for a kernel in the cache; makes it if it is missing or an input has changed.
std::filesystem::path initramfs_for(const Kernel &kernel, const std::filesystem::path &cache);

/// Returns the files of the modules that the virtio channel needs and that this kernel has as loadable modules.
std::vector<std::filesystem::path> channel_modules(const Kernel &kernel);
/// Returns the files of the modules for the device that reports a panic to QEMU.
std::vector<std::filesystem::path> machine_modules(const Kernel &kernel);
/// Returns whether the kernel has a virtio console, built in or loadable. If not, use the serial channel.
bool has_virtio_console(const Kernel &kernel);

}  // namespace kmodtest::kernel
