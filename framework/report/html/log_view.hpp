// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/html/markup.hpp"
#include "wire/records.hpp"

namespace kmodtest::report::html {

/// The kernel log as dmesg prints it, step markers as headings between its lines. Of a log of more than `room` bytes
/// the first and the last lines, and how many are left out.
Markup render_log(const std::vector<wire::KernelLogLine> &log, std::size_t room);

/// The lines of a text; of one of more than `room` bytes the first and the last ones.
std::string shortened(const std::string &text, std::size_t room);

}  // namespace kmodtest::report::html
