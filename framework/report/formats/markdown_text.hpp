// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

/// Puts text of a guest, a plan or a compiler into a Markdown file (CommonMark, with the extensions of GitHub and
/// GitLab).
namespace kmodtest::report {

/// Returns the text as `<code>` for a paragraph or a table cell, on one line. Nothing in it acts as markup, as a link,
/// or as a mention of a user. Its punctuation becomes character references, which CommonMark never interprets as
/// structure (0.31, 2.5), and the hosts only look for mentions outside of code.
std::string markdown_code(std::string_view text);

/// Returns the text as a separate `<pre>`, whose content is not Markdown up to `</pre>` (CommonMark 0.31, 4.6).
std::string markdown_block(std::string_view text);

}  // namespace kmodtest::report
