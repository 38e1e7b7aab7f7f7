// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace kmodtest::base {

/// Reads the paragraphs of a Markdown text: each becomes one line. Lines of ```sh blocks stay, indented by four blanks.
std::string paragraphs_of(std::string_view markdown);

}  // namespace kmodtest::base
