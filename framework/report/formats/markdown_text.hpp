// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

/// What a guest, a plan or a compiler said, in a Markdown file (CommonMark, and GitHub's and GitLab's on top of it).
namespace kmodtest::report {

/// The text as `<code>` for a paragraph or the cell of a table, on one line. Nothing in it is markup, a link, or the
/// mention of somebody: its punctuation is written as character references, which CommonMark never takes for structure
/// (0.31, 2.5), and the hosts look for mentions outside of code only.
std::string markdown_code(std::string_view text);

/// The text as a `<pre>` of its own, whose content is no Markdown up to `</pre>` (CommonMark 0.31, 4.6).
std::string markdown_block(std::string_view text);

}  // namespace kmodtest::report
