// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// What the makefiles of a module's tree are like.
namespace kmodtest::kernel {

/// A line of a makefile that asks for the kernel of the machine that builds.
struct MakefileLine {
  std::filesystem::path file;
  int line = 0;
  std::string text;  ///< without the blanks at its ends

  bool operator==(const MakefileLine &) const = default;
};

struct Makefiles {
  std::set<std::string> kernel_folders;   ///< variables that hold the folder for `make -C`: KDIR, KERNEL_SRC…
  std::set<std::string> kernel_releases;  ///< variables that hold a release: KVERSION…
  /// names the running kernel where no variable can change it; else where a variable of its own does
  std::optional<MakefileLine> running_kernel;

  /// Returns "KDIR=HEADERS" and so on.
  std::vector<std::string> settings(const std::string &headers, const std::string &release) const;
};

/// Reads the makefiles at and below `folder`.
Makefiles read_makefiles(const std::filesystem::path &folder);

/// How a folder's modules are built.
enum class BuildWay {
  none,    ///< it has no makefile
  kbuild,  ///< by the kernel's Makefile, which reads the folder's Kbuild or Makefile
  own      ///< by the folder's Makefile
};

/// Returns how the modules of this folder (not of those below it) are built. A Makefile with obj-m is read by Kbuild
/// alone, unless its own rule hands more to Kbuild than the folder.
BuildWay build_way_of(const std::filesystem::path &folder);

/// Returns the name of the only module that a makefile builds, if it has nothing but the module's object (obj-m), the
/// parts of it and flags, without variables other than $(src) and $(obj). It means the same wherever Kbuild reads it.
std::optional<std::string> only_module_of(const std::filesystem::path &makefile);

}  // namespace kmodtest::kernel
