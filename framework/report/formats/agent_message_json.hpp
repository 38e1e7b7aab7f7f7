// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "wire/message.hpp"

namespace kmodtest::report {

/// Returns the line before all messages: {"schema": "kmodtest-reports", "version": 1}. agent_messages_schema()
/// (report/formats/schemas.hpp) describes all lines.
std::string agent_message_json_head();

/// Returns an agent message as one JSON object on one line: {"report": "Loaded", "step": 0, …}. Times are seconds of
/// the guest's clock. A baseline's threads and modules are left out (ps.txt and lsmod.txt have them).
std::string agent_message_json(const wire::AgentMessage &message);

}  // namespace kmodtest::report
