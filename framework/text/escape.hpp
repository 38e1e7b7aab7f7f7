// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

/// Text made safe for its destination: a guest could send dangerous characters.
namespace kmodtest::text {

/// Returns a line that is safe to print: control characters and malformed bytes as \xNN, tabs as spaces up to a
/// multiple of 8.
std::string printable(std::string_view line);

/// Returns well-formed text that XML 1.0 allows (section 2.2): everything else becomes U+FFFD.
std::string xml_text(std::string_view text);

/// Returns a word for a POSIX shell: unchanged when that is safe, else quoted.
std::string shell_word(const std::string &word);

}  // namespace kmodtest::text
