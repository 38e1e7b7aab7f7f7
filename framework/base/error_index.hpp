// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.hpp"
#include "base/error_code.hpp"

/// What each code means. The texts are the files of errors/ at the top of the source tree, which the build embeds;
/// `kmodtest explain`, docs/errors.md and the completions are made from this index.
namespace kmodtest::base {

/// A paragraph is one line; code in it stands in backticks. In `remedy`, lines that begin with four blanks are
/// commands.
struct ErrorText {
  enum class Example { output, plan };
  Code code = Code::none;
  std::string title;    ///< a clause without a capital letter at its start: "QEMU is not installed"
  std::string meaning;  ///< what the error says
  std::string cause;    ///< how one gets there
  std::string remedy;
  std::string example;  ///< what is printed, shortened; or a plan that has this error
  Example kind = Example::output;
};

/// The errors of one hundred of codes.
struct ErrorArea {
  std::string title;
  std::vector<ErrorText> errors;  ///< by number
};

/// Reads one file of errors/, "K0601.md". Throws std::logic_error when it is malformed (errors/README.md).
ErrorText parse_error_text(const EmbeddedFile &file);

/// Returns all areas, by number.
std::vector<const ErrorArea *> error_areas();

/// Returns the text of a code; null when the index does not have it.
const ErrorText *text_of(Code code);

/// Finds a code by its name "K0601", or by what people type for it: "k601", "601", "error[K0601]". Returns null when
/// there is no such code.
const ErrorText *text_of(std::string_view name);

/// Returns the code whose number differs least from `name`; null when none is close.
const ErrorText *nearest_error(std::string_view name);

/// Renders one error for a terminal, with lines of at most `width` columns where that is possible.
std::string explain(const ErrorText &text, std::size_t width = 80);

/// Renders a line for each error, below the titles of the areas.
std::string list_errors();

/// Renders docs/errors.md.
std::string errors_markdown();

}  // namespace kmodtest::base
