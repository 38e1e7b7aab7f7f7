// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/catalogue/build_tools.hpp"

#include <fmt/format.h>
#include <fstream>

#include "base/process.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char *kOwnLibraries = "usr/lib/kmodtest-libraries";
constexpr const char *kLoader = "ld-linux-x86-64.so.2";

bool is_program(const fs::directory_entry &entry) {
  constexpr auto kExecutable = fs::perms::owner_exec;
  if (!entry.is_regular_file() || entry.is_symlink() || (entry.status().permissions() & kExecutable) == fs::perms::none)
    return false;
  std::string magic(4, '\0');
  std::ifstream(entry.path(), std::ios::binary).read(magic.data(), 4);
  return magic ==
         "\x7f"
         "ELF";
}

/// The dynamic loader prints what it would load, and does not start the program (ld.so(8), LD_TRACE_LOADED_OBJECTS).
bool lacks_libraries(const fs::path &program) {
  const auto result =
      base::run_process({program}, {.environment = {{"LD_TRACE_LOADED_OBJECTS", "1"}, {"LC_ALL", "C"}}});
  return (result.out + result.err).find("not found") != std::string::npos;
}

}  // namespace

std::vector<fs::path> programs_without_libraries(const fs::path &tree) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto &tools : fs::directory_iterator(tree / "usr/lib", error)) {
    if (!tools.path().filename().string().starts_with("linux-kbuild-")) continue;
    for (const auto &entry : fs::recursive_directory_iterator(tools.path())) {
      if (is_program(entry) && lacks_libraries(entry.path())) found.push_back(entry.path());
    }
  }
  return found;
}

void use_own_libraries(const fs::path &tree, const std::vector<fs::path> &programs, const fs::path &libraries) {
  const fs::path own = tree / kOwnLibraries;
  storage::make_folder(own.parent_path());
  fs::rename(libraries / "usr/lib/x86_64-linux-gnu", own);
  for (const fs::path &program : programs) {
    const fs::path to_libraries = own.lexically_relative(program.parent_path());
    fs::rename(program, program.string() + ".elf");
    storage::write_whole_file(program, fmt::format("#!/bin/sh\n"
                                                   "here=$(dirname \"$(readlink -f \"$0\")\")\n"
                                                   "libraries=$here/{}\n"
                                                   "exec \"$libraries/{}\" --library-path \"$libraries\" "
                                                   "\"$here/{}.elf\" \"$@\"\n",
                                                   to_libraries.string(), kLoader, program.filename().string()));
    fs::permissions(program, fs::perms(0755));
  }
}

}  // namespace kmodtest::kernel
