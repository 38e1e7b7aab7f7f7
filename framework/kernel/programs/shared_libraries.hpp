// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// User programs for a guest.
namespace kmodtest::kernel {

/// What an ELF file says about the files that it is run with.
struct DynamicNeeds {
  std::string interpreter;             ///< the dynamic linker; empty: none
  std::vector<std::string> libraries;  ///< names (DT_NEEDED)
  std::vector<std::string> folders;    ///< to look for them first (DT_RPATH, DT_RUNPATH)
};

/// Reads the dynamic section of an ELF file. Everything is empty for other files.
DynamicNeeds read_dynamic_needs(std::string_view bytes);

/// A library of this machine, and its path in the guest.
struct LibraryFile {
  std::filesystem::path file;
  std::string path;
  bool operator==(const LibraryFile &) const = default;
};

/// Returns the dynamic linker and the shared libraries that a program needs, each once, without running anything of it.
/// They are looked for below `root`, in the folders of ld.so(8). In the guest, each is in a folder in which the dynamic
/// linker looks without a cache. Empty for a static program and for other files. Throws base::UsageError if one is
/// missing.
std::vector<LibraryFile> needed_libraries(const std::filesystem::path &program,
                                          const std::filesystem::path &root = "/");

}  // namespace kmodtest::kernel
