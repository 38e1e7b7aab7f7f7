// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/source_build/build_needs.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/process.hpp"

namespace kmodtest::kernel {

const std::vector<BuildNeed> &build_needs() {
  static const std::vector<BuildNeed> needs{{"make", "make"},
                                            {"gcc", "gcc"},
                                            {"ld", "binutils"},
                                            {"flex", "flex"},
                                            {"bison", "bison"},
                                            {"bc", "bc"},
                                            {"perl", "perl"},
                                            {"tar", "tar"},
                                            {"xz", "xz-utils"},
                                            {"gzip", "gzip"},
                                            {"depmod", "kmod"},
                                            {"pahole", "dwarves"},
                                            {"gelf.h", "libelf-dev", true}};
  return needs;
}

void check_build_needs(const std::function<bool(const BuildNeed &)> &has) {
  std::vector<std::string> names;
  std::vector<std::string> packages;
  for (const BuildNeed &need : build_needs()) {
    if (has(need)) continue;
    names.push_back(need.name);
    packages.push_back(need.package);
  }
  if (names.empty()) return;
  throw base::Error(base::Code::no_build_packages,
                    fmt::format("this machine lacks {}, which building a kernel needs", fmt::join(names, ", ")),
                    fmt::format("install what is missing: apt install {}", fmt::join(packages, " ")));
}

bool machine_has(const BuildNeed &need) {
  if (!need.is_header) return base::program_in_path(need.name).has_value();
  // Without a compiler that is the error, and not the header.
  if (!base::program_in_path("gcc")) return true;
  return base::run_process({"gcc", "-E", "-include", need.name, "-x", "c", "/dev/null"}).ok();
}

}  // namespace kmodtest::kernel
