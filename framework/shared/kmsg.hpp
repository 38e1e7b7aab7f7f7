// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/records.hpp"

namespace kmodtest::shared {

/// Parses the result of one read(2) of /dev/kmsg: "6,339,5140900,-,caller=T1;text\n KEY=value\n" (kernel:
/// Documentation/ABI/testing/dev-kmsg). Drops dictionary lines and undoes \xNN escapes. Returns nothing if it is not
/// such a record. Used in the guest too: throws nothing, allocates only the result.
std::optional<wire::KernelLogLine> parse_kmsg(std::string_view record);

/// Returns "[    5.140900] text", as dmesg prints it.
std::string render_dmesg(const wire::KernelLogLine &line);

/// Returns true for a step marker of the agent (facility user, wire::kMarkerPrefix).
bool is_marker(const wire::KernelLogLine &line);

/// Returns true for the marker after which the agent itself causes the log (wire::Autopsy).
bool is_autopsy_marker(const wire::KernelLogLine &line);

}  // namespace kmodtest::shared
