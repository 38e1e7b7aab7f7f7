// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/dkms_conf.hpp"
#include "kernel/modules/module.hpp"

/// Starting make, and what else a build runs.
namespace kmodtest::kernel {

/// Where a build runs, and for which kernel.
struct BuildPlace {
  std::filesystem::path root;    ///< of the copy
  std::filesystem::path folder;  ///< at or below `root`
  const Kernel *kernel = nullptr;
  std::vector<std::filesystem::path> symvers;  ///< Module.symvers of modules that were built before
};

/// Returns the kernel's arguments of make, and our flags unless the kernel has some.
std::vector<std::string> make_settings(const Kernel &kernel);

/// Returns the file with the configuration in a kernel's headers.
std::filesystem::path configuration_of(const Kernel &kernel);

/// Returns how a build's programs are started: with almost nothing of this process's environment, in `directory`, which
/// is $PWD. We can run below a make ourselves, and its flags are not meant for this build.
base::ProcessOptions options_of_build(const std::filesystem::path &directory);

/// How a build ended: its output, and the exit status of the last command.
struct BuildEnd : base::ProcessResult {
  bool by_kbuild = false;  ///< no makefile of the user's has chosen the kernel
};

/// Runs everything that a build consists of: patches and commands of a dkms.conf, `before`, make. Throws
/// base::UsageError if it needs a shell that `wish` does not allow.
BuildEnd run_build(const BuildPlace &place, const BuildWish &wish);

/// Runs Kbuild once for the folders that the Kbuild of `place.folder` names. An error in one of them does not keep the
/// others from being compiled. The output of each compilation is in one piece.
BuildEnd run_kbuild_for_several(const BuildPlace &place);

/// Returns why DKMS would not build these sources for the kernel; nothing without a dkms.conf.
std::optional<Exclusion> reason_to_skip(const BuildPlace &place, const BuildWish &wish);

/// Returns the names of the modules that a dkms.conf installs, as lsmod prints them; empty if it is not known.
std::vector<std::string> modules_of_dkms(const BuildPlace &place, const BuildWish &wish);

}  // namespace kmodtest::kernel
