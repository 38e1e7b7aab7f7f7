// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/records.hpp"

namespace kmodtest::shared {

/// Parses what one read(2) of /dev/kmsg returns: "6,339,5140900,-,caller=T1;text\n KEY=value\n"
/// (kernel: Documentation/ABI/testing/dev-kmsg). Dictionary lines are dropped, \xNN escapes undone.
/// Nothing when it is no such record. Used in the guest too: throws nothing, allocates only the result.
std::optional<wire::KernelLogLine> parse_kmsg(std::string_view record);

/// "[    5.140900] text", as dmesg prints it.
std::string render_dmesg(const wire::KernelLogLine &line);

/// True for a step marker of the agent (facility user, wire::kMarkerPrefix).
bool is_marker(const wire::KernelLogLine &line);

/// True for the marker behind which the log is the agent's own doing (wire::Autopsy).
bool is_autopsy_marker(const wire::KernelLogLine &line);

}  // namespace kmodtest::shared
