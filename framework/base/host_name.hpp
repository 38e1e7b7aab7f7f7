// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::base {

/// Returns this machine's name (gethostname(2)); "localhost" where it has none.
std::string host_name();

}  // namespace kmodtest::base
