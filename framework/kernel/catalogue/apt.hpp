// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.hpp"

/// Debian packages, fetched with the machine's own apt configuration (proxies, mirror, keys), a private state and no
/// root.
namespace kmodtest::kernel {

/// A package of the archive, as `apt-cache show` prints it.
struct Package {
  std::string name;
  std::string version;
  std::string sha256;
  std::vector<std::string> depends;  ///< names only; the first alternative
  std::uint64_t download_bytes = 0;
  std::uint64_t installed_bytes = 0;
  bool is_required = false;  ///< every Debian system has it (Essential: yes, or Priority: required)
};

/// A package that apt would install, by `apt-get install --print-uris`.
struct ChosenPackage {
  std::string name;
  std::string version;
  bool operator==(const ChosenPackage &) const = default;
};

/// Returns whether a program's output says that the disk is full.
bool says_disk_full(std::string_view output);

/// Returns the notice about a download: "downloading linux-image-6.1 6.1.1 (26.5 MB)".
std::string download_notice(const Package &package);

/// Parses lines "'URI' NAME_VERSION_ARCHITECTURE.deb SIZE HASH". Leaves out other lines.
std::vector<ChosenPackage> parse_uris(const std::string &text);

/// Returns whether a Debian package of this name, or a file whose name begins so, is a part of a kernel: not gcc, kmod,
/// initramfs-tools.
bool is_kernel_package(const std::string &name);

/// Parses stanzas of deb822 text (deb-control(5)) into packages. Leaves out a stanza without Package and Version.
std::vector<Package> parse_packages(const std::string &text);

/// A private apt state, for one suite or for all that the machine's apt has.
class AptState {
 public:
  /// Replaces `folder` with an empty one.
  AptState(std::filesystem::path folder, std::string suite);
  /// As above; takes packages from wherever this machine would.
  explicit AptState(std::filesystem::path folder);
  /// Fetches the package lists. Throws base::Error: no mirror, no network, suite not served. If the lists are those of
  /// the machine, only all of them missing is an error here: see closure().
  void update();
  /// Returns the packages with everything that they depend on, as apt would install them on an empty system, without
  /// what is only recommended. Throws base::UsageError if there is no such package, base::Error if some lists could not
  /// be fetched.
  std::vector<Package> closure(const std::vector<std::string> &names) const;
  /// Returns what the suite says about a package. Throws base::Error if it has no package of that name.
  Package show(const std::string &package) const;
  /// Downloads packages into a folder, verified by apt. Throws base::Error.
  void download(const std::vector<Package> &packages, const std::filesystem::path &to) const;

 private:
  void make_folders() const;
  void write_configuration(std::string text) const;
  [[noreturn]] void refuse(const std::vector<std::string> &names, const base::ProcessResult &result) const;
  base::ProcessResult run(std::vector<std::string> words, const std::filesystem::path &directory = {}) const;

  std::filesystem::path folder_;
  std::string suite_;    ///< empty: the machine's
  std::string problem_;  ///< apt's first complaint about lists that it could not fetch
};

}  // namespace kmodtest::kernel
