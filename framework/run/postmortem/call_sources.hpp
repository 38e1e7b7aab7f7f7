// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::judge {
struct Observations;
}

namespace kmodtest::run {

/// Sets the source lines of the calls that were made to fail (Observations::call_sources), from the debug information
/// of the .ko files. Places without a line stay unnamed.
void find_call_sources(judge::Observations &seen, const std::filesystem::path &headers);

}  // namespace kmodtest::run
