// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::judge {
struct Observations;
}

namespace kmodtest::report {

/// Returns everything that is known about the cause of a hang, from inside and outside of the guest, as the text of
/// autopsy.txt. Empty if there was no autopsy.
std::string autopsy_text(const judge::Observations &seen);

}  // namespace kmodtest::report
