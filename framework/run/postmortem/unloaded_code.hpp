// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::judge {
struct Observations;
}

namespace kmodtest::run {

/// Names the places in unloaded modules that memory was allocated from which is left (Observations::unloaded_code),
/// from the symbols and the debug information of the .ko files: "my_init+0x3e (my.c:41)". Places without a name stay
/// out.
void name_unloaded_code(judge::Observations &seen, const std::filesystem::path &headers);

}  // namespace kmodtest::run
