// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::judge {
struct Observations;
}

namespace kmodtest::report {

/// All that is known of what a guest hung in, from inside and from outside, as the file autopsy.txt has it; empty: no
/// autopsy was held.
std::string autopsy_text(const judge::Observations &seen);

}  // namespace kmodtest::report
