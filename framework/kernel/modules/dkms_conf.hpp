// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "kernel/config.hpp"
#include "kernel/modules/shell_text.hpp"

/// dkms.conf, the file by which DKMS builds a module (dkms(8)).
namespace kmodtest::kernel {

/// What a dkms.conf can name.
struct DkmsPlaces {
  std::string release;  ///< $kernelver
  std::string headers;  ///< $kernel_source_dir
  std::string folder;   ///< the folder that it builds in
};

/// The values in a dkms.conf.
class DkmsConf {
 public:
  /// Reads the assignments in a dkms.conf without running anything of it. What an `if` decides and what a command
  /// computes is not known.
  DkmsConf(const std::string &text, DkmsPlaces places);

  /// Returns "NAME" or "NAME[0]": nothing if only a shell can tell, empty if it is not set.
  ShellValue value(const std::string &name) const;
  /// Returns the values of "NAME[0]", "NAME[1]"… by number; those that are not known are left out.
  std::map<int, std::string> values(const std::string &name) const;
  /// Returns true if an element of this array is not known.
  bool is_partly_unknown(const std::string &name) const { return unknown_arrays_.contains(name); }

 private:
  void read(std::string_view text);
  void assign(const std::string &name, std::string_view value, bool conditional);
  std::string rooted(std::string value) const;

  DkmsPlaces places_;
  std::map<std::string, ShellValue> values_;
  std::set<std::string> unknown_arrays_;
};

/// Why a kernel is not one for a module.
struct Exclusion {
  std::string reason;
  bool lacks_options = false;  ///< a kernel of the same version with other options may do
};

/// Returns why this kernel is not one for the module (BUILD_EXCLUSIVE_KERNEL, _KERNEL_MIN, _KERNEL_MAX, _ARCH,
/// _CONFIG); nothing if it is.
std::optional<Exclusion> dkms_exclusion(const DkmsConf &conf, const std::string &release,
                                        const std::optional<KernelConfig> &config);

}  // namespace kmodtest::kernel
