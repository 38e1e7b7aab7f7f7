// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_code.hpp"

/// What each code means, in one table: `kmodtest explain`, docs/errors.md and the completions come from it. One file of
/// this folder for each hundred of codes.
namespace kmodtest::base {

/// Texts are one line; code in them stands in backticks. In `remedy`, lines that begin with four blanks are commands.
struct ErrorText {
  enum class Example { output, plan };
  Code code;
  const char *title;    ///< a clause without a capital letter at its start: "there is no QEMU"
  const char *meaning;  ///< what the error says
  const char *cause;    ///< how one gets there
  const char *remedy;
  const char *example;  ///< what is printed, shortened; or a plan that has this error
  Example kind = Example::output;
};

struct ErrorArea {
  const char *title;
  std::vector<ErrorText> errors;  ///< by number
};

const ErrorArea &command_line_errors();
const ErrorArea &plans_errors();
const ErrorArea &machine_errors();
const ErrorArea &kernels_errors();
const ErrorArea &modules_errors();
const ErrorArea &emulator_errors();
const ErrorArea &snapshots_errors();
const ErrorArea &guests_errors();
const ErrorArea &tools_errors();

/// All areas, by number.
std::vector<const ErrorArea *> error_areas();

/// Null when the table has no such code.
const ErrorText *text_of(Code code);

/// Of "K0601", and of what people type for it: "k601", "601", "error[K0601]". Null when there is none.
const ErrorText *text_of(std::string_view name);

/// The code whose number is written most like this; nothing when none is close.
const ErrorText *nearest_error(std::string_view name);

/// One error for a terminal, with lines of at most `width` columns where that is possible.
std::string explain(const ErrorText &text, std::size_t width = 80);

/// A line for each error, below the titles of the areas.
std::string list_errors();

/// docs/errors.md.
std::string errors_markdown();

}  // namespace kmodtest::base
