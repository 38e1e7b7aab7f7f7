// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace kmodtest::shared {

/// Returns "running" for the state R of a thread.
const char *state_name(char state);
/// Returns "fifo" for the number of a scheduling policy.
std::string policy_name(std::uint8_t policy);

}  // namespace kmodtest::shared
