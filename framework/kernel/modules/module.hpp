// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <optional>
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
  BuildError(const std::string &message, std::string output, BuildErrors errors, std::string hint = {})
      : base::Error(base::Code::build_failed, errors.first.empty() ? message : message + ": " + errors.first,
                    std::move(hint), base::Blame::usage),
        output_(std::move(output)),
        errors_(std::move(errors)) {}
  /// The same error with another hint.
  BuildError(const BuildError &other, std::string hint)
      : base::Error(base::Code::build_failed, other.what(), std::move(hint), base::Blame::usage),
        output_(other.output_),
        errors_(other.errors_) {}
  const std::string &output() const { return output_; }
  /// Returns the first error with what belongs to it, and the number of the others in words.
  std::vector<std::string> excerpt() const;

 private:
  std::string output_;
  BuildErrors errors_;
};

/// Returns the compiler that a kernel's headers and make arguments ask for: "gcc-12".
std::string compiler_of(const Kernel &kernel);

/// What is built, and how.
struct BuildWish {
  std::filesystem::path folder;             ///< make runs in its copy
  std::filesystem::path tree = {};          ///< what is copied as a whole; empty: `folder`, and what it names above
  std::vector<std::string> variables = {};  ///< VAR=VALUE for make
  std::string target = {};                  ///< of make; empty: as the folder's makefile says
  std::string before = {};                  ///< a command that runs before make
  bool scripts = false;                     ///< commands other than make can run on this machine

  /// Returns true if only the folder decides.
  bool is_plain() const { return variables.empty() && target.empty() && before.empty(); }
};

/// The modules that a folder's build has made.
struct TreeBuild {
  std::vector<std::filesystem::path> modules = {};  ///< each name once, sorted by it
  bool rebuilt = false;
  std::string log = {};                  ///< of make, if it ran
  std::optional<std::string> skip = {};  ///< why this kernel is not one for these modules; nothing was built then
  bool lacks_options = false;            ///< with `skip`: a kernel of the same version with more may do
};

/// Builds the out-of-tree modules in a folder against a kernel, in a copy per kernel below the cache (the folder stays
/// clean): by its Kbuild or Makefile, or by its dkms.conf. Does nothing if sources, kernel and flags are those of the
/// last build. Safe if other processes build the same. `before` are .ko files built by this function whose exported
/// symbols the modules may use. `name` is the module that is meant; empty: all. Throws BuildError, base::Error.
TreeBuild build_tree(const BuildWish &wish, const Kernel &kernel, const std::filesystem::path &cache,
                     const std::vector<std::filesystem::path> &before = {}, const std::string &name = {});

struct BuildResult {
  std::filesystem::path ko;
  bool rebuilt = false;
  std::string log = {};                  ///< of make, if it ran
  std::optional<std::string> skip = {};  ///< see TreeBuild
  bool lacks_options = false;            ///< see TreeBuild
  std::vector<std::string> others = {};  ///< names of the modules that the folder builds besides
};

/// Builds like build_tree() and returns the module with this name, or the only one.
BuildResult build_module(const BuildWish &wish, const std::string &name, const Kernel &kernel,
                         const std::filesystem::path &cache, const std::vector<std::filesystem::path> &before = {});

/// A module to build: from what, and its name; empty: whatever the folder builds.
struct NamedWish {
  BuildWish wish;
  std::string name;
};

/// Builds modules by one run of Kbuild, whose own work takes longer than compiling a small module. The files are those
/// that build_module() makes, to the bit. Returns one entry for each wish: nothing for those that are left to
/// build_module(), since they are up to date, are being built elsewhere, do not build, or are more than one small
/// module that exports nothing.
std::vector<std::optional<TreeBuild>> build_together(const std::vector<NamedWish> &wishes, const Kernel &kernel,
                                                     const std::filesystem::path &cache);

/// Returns the order in which these can be loaded: each after those of them that it needs (symbols, `depends`,
/// `softdep`), and if possible after those that it can request by an alias; otherwise as they are.
std::vector<std::size_t> loading_order(const std::vector<ModuleInfo> &modules);

/// Returns the kernel's own loadable modules that `module` needs, apart from `together`: those that export its symbols,
/// and those that it names (`depends`, `softdep`).
std::vector<std::string> needed_kernel_modules(const ModuleInfo &module, const Kernel &kernel,
                                               const std::vector<ModuleInfo> &together);

/// Returns the symbols that a module needs and that neither the kernel nor `together` export; nothing if it is not
/// known what the kernel exports.
std::vector<std::string> missing_symbols(const ModuleInfo &module, const Kernel &kernel,
                                         const std::vector<ModuleInfo> &together);

/// Returns the module files in a folder (at any depth) or in an archive (tar, .deb, .rpm; unpacked below the cache),
/// sorted by path. Throws base::UsageError if it has none.
std::vector<std::filesystem::path> modules_in_collection(const std::filesystem::path &collection,
                                                         const std::filesystem::path &cache);

}  // namespace kmodtest::kernel
