// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::kernel {

/// The errors in the output of a failed build.
struct BuildErrors {
  std::string first;               ///< "ex.c:3:9: error: …"; empty if the output has no line that looks like an error
  std::vector<std::string> lines;  ///< the first error with the lines around it that belong to it
  std::size_t more = 0;            ///< further errors
};

/// Finds what the compiler, the linker, modpost or, failing all of these, make reports as an error. Paths below
/// `folder` are shown without it.
BuildErrors find_build_errors(std::string_view output, std::string_view folder);

}  // namespace kmodtest::kernel
