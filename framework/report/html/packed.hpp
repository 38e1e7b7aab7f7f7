// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace kmodtest::report::html {

/// Base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

/// Deflated (RFC 1951, what a browser's DecompressionStream calls "deflate-raw"), as base64.
std::string packed(std::string_view bytes);

/// How a Content-Security-Policy names an inline script or style: 'sha256-…'.
std::string policy_hash(std::string_view content);

}  // namespace kmodtest::report::html
