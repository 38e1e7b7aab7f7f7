// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/source_build/module_headers.hpp"

#include <string>

#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

void copy_one(const fs::path &from, const fs::path &to) {
  storage::make_folder(to.parent_path());
  fs::copy(from, to, fs::copy_options::copy_symlinks | fs::copy_options::overwrite_existing);
}

/// Copies the files directly in FROM/below that are makefiles.
void copy_makefiles(const fs::path &from, const fs::path &to, const fs::path &below) {
  for (const auto &entry : fs::directory_iterator(from / below)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && (name.starts_with("Makefile") || name == "Kbuild" || name == "Kconfig"))
      copy_one(entry.path(), to / below / name);
  }
}

bool is_left_over(const fs::path &file) {
  const fs::path extension = file.extension();
  return extension == ".o" || extension == ".cmd" || extension == ".a";
}

/// Copies all files below FROM/below, without what compiling them has left.
void copy_below(const fs::path &from, const fs::path &to, const fs::path &below) {
  std::error_code error;
  if (!fs::is_directory(from / below, error)) return;
  for (const auto &entry : fs::recursive_directory_iterator(from / below)) {
    if (entry.is_directory() && !entry.is_symlink()) continue;
    if (!is_left_over(entry.path())) copy_one(entry.path(), to / entry.path().lexically_relative(from));
  }
}

}  // namespace

void copy_module_headers(const fs::path &source, const fs::path &objects, const fs::path &to) {
  const fs::path arch = "arch/x86";
  copy_makefiles(source, to, "");
  copy_makefiles(source, to, arch);
  // In the order of a build: what was generated replaces what the source has.
  for (const fs::path &root : {source, objects}) {
    for (const fs::path &below : {fs::path("include"), fs::path("scripts"), arch / "include"})
      copy_below(root, to, below);
  }
  for (const char *name : {"scripts", "entry/syscalls", "um/include"}) copy_below(source, to, arch / name);
  const fs::path objtool = "tools/objtool/objtool";
  for (const fs::path &file : {objtool, fs::path("Module.symvers"), fs::path(".config")}) {
    std::error_code error;
    if (fs::exists(objects / file, error)) copy_one(objects / file, to / file);
  }
}

}  // namespace kmodtest::kernel
