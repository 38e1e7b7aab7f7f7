// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "wire/message.hpp"

namespace kmodtest::run {

/// Calls `hear` for each message in the bytes that the agent has sent, with the number of bytes up to the message's
/// end, until it returns false. What is damaged ends the search; a message of an unknown kind is left out.
void for_each_message(std::string_view report_bytes,
                      const std::function<bool(std::uint64_t end, const wire::AgentMessage &)> &hear);

}  // namespace kmodtest::run
