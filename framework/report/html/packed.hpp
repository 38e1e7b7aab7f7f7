// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace kmodtest::report::html {

/// Encodes bytes as Base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

/// Compresses bytes (RFC 1951, "deflate-raw" for a browser's DecompressionStream) and returns them as base64.
std::string packed(std::string_view bytes);

/// Returns the name of an inline script or style in a Content-Security-Policy: 'sha256-…'.
std::string policy_hash(std::string_view content);

}  // namespace kmodtest::report::html
