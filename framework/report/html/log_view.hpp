// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/html/markup.hpp"
#include "wire/records.hpp"

namespace kmodtest::report::html {

/// Renders the kernel log as dmesg prints it, with step markers as headings between its lines. For a log larger than
/// `room` bytes it shows the first and the last lines, and the number of lines left out.
Markup render_log(const std::vector<wire::KernelLogLine> &log, std::size_t room);

/// Returns the lines of a text; only the first and the last ones if it has more than `room` bytes.
std::string shortened(const std::string &text, std::size_t room);

}  // namespace kmodtest::report::html
