// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::kernel {

/// A distribution and its release, from os-release(5).
struct Distribution {
  std::string id;        ///< ID: "debian", "ubuntu"
  std::string codename;  ///< VERSION_CODENAME: "bookworm", "noble"; empty if it has none
};

/// Parses the text of os-release(5). Leaves empty what it does not have.
Distribution parse_os_release(const std::string &text);

/// Returns the distribution of this machine.
Distribution this_distribution();

/// Returns the mirror for a suite of Debian from lines "CREATED_BY|RELEASE|REPO_URI" of `apt-get indextargets`: the
/// suite's own if the machine has it; else, on Debian, that of the machine's release (for …-security suites: of the
/// machine's security suite). Empty if there is none.
std::string choose_mirror(const std::string &targets, const std::string &suite, const Distribution &machine);

/// Returns the mirror for a suite of Debian by the value of KMODTEST_MIRROR, the address of a folder that has dists/.
/// Debian's mirrors keep …-security suites in a folder of that name next to it. Throws base::UsageError for a value
/// that is not an address.
std::string mirror_by_variable(std::string value, const std::string &suite);

/// Where this machine gets the suites of Debian.
class Mirrors {
 public:
  /// Asks the machine's apt, which takes some time, unless KMODTEST_MIRROR is set. Contacts no server. Throws
  /// base::Error if there is no apt-get.
  Mirrors();
  /// Returns the mirror of a suite: by KMODTEST_MIRROR, else as the machine's apt is configured; empty if there is
  /// none.
  std::string of(const std::string &suite) const;

 private:
  std::string by_variable_;
  std::string targets_;  ///< see choose_mirror()
  Distribution machine_;
};

}  // namespace kmodtest::kernel
