// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "kernel/modules/build_errors.hpp"
#include "kernel/modules/module_info.hpp"

/// Modules: building them, reading them, checking whether they fit a kernel.
namespace kmodtest::kernel {

struct Kernel;

/// Reads a .ko with libelf. Throws base::UsageError that names the file if it is truncated, not ELF, not x86-64, not
/// relocatable, or has no .modinfo.
ModuleInfo read_module_info(const std::filesystem::path &ko);

/// Finds what would keep the module from loading: the vermagic of another kernel, symbols that neither the kernel nor
/// `together` export, symbols of the kernel's own modules that are not among `loaded` (names as lsmod prints them),
/// versions that disagree. `together` are the modules that are loaded before it in the same case. Checks as much as the
/// kernel's files allow (Module.symvers of the headers); without them only vermagic.
std::vector<PreflightFinding> preflight(const ModuleInfo &module, const Kernel &kernel,
                                        const std::vector<ModuleInfo> &together,
                                        const std::vector<std::string> &loaded = {});

/// Finds parameters that the module does not have. The kernel would ignore them and load it anyway.
std::vector<PreflightFinding> check_parameters(const ModuleInfo &module,
                                               const std::map<std::string, std::string> &params);

/// A module that does not build. what() names the module and the first error; output() is all of make's output.
class BuildError : public base::Error {
 public:
  BuildError(const std::string &message, std::string output, BuildErrors errors)
      : base::Error(base::Code::build_failed, errors.first.empty() ? message : message + ": " + errors.first, {},
                    base::Blame::usage),
        output_(std::move(output)),
        errors_(std::move(errors)) {}
  const std::string &output() const { return output_; }
  /// Returns the first error with what belongs to it, and the number of the others in words.
  std::vector<std::string> excerpt() const;

 private:
  std::string output_;
  BuildErrors errors_;
};

/// Returns the compiler that a kernel's headers and make arguments ask for: "gcc-12".
std::string compiler_of(const Kernel &kernel);

struct BuildResult {
  std::filesystem::path ko;
  bool rebuilt = false;
  std::string log = {};  ///< of make, if it ran
};

/// Builds the out-of-tree module in `source` (Kbuild or Makefile) against a kernel, in a build folder per kernel below
/// the cache (the source folder stays clean). Does nothing if source, kernel and flags are those of the last build.
/// Safe if other processes build the same. `before` are .ko files built by this function whose exported symbols the
/// module may use. Throws BuildError, base::Error.
BuildResult build_module(const std::filesystem::path &source, const std::string &name, const Kernel &kernel,
                         const std::filesystem::path &cache, const std::vector<std::filesystem::path> &before = {});

}  // namespace kmodtest::kernel
