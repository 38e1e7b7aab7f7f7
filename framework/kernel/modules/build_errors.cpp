// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/build_errors.hpp"

#include <algorithm>
#include <array>

#include "text/lines.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

constexpr std::size_t kMostLines = 12;  ///< of the first error
constexpr std::size_t kLastLines = 5;   ///< of an output without any error

bool has(std::string_view line, std::string_view words) {
  return line.find(words) != std::string_view::npos;
}

/// Returns true for an error of gcc or clang, the assembler, the linker, modpost or objtool.
bool is_error(std::string_view line) {
  static constexpr std::array<std::string_view, 8> kWords = {": error: ",
                                                             ": fatal error: ",
                                                             ": Error: ",
                                                             ": multiple definition of ",
                                                             ": undefined reference to ",
                                                             "ld: cannot ",
                                                             "ERROR: ",
                                                             ": internal compiler error: "};
  return std::any_of(kWords.begin(), kWords.end(), [line](std::string_view words) { return has(line, words); });
}

/// Returns true for make's own message: "make[1]: *** No rule to make target …".
bool is_of_make(std::string_view line) {
  return line.starts_with("make") && has(line, ": *** ");
}

/// Returns true for "ex.c: In function 'x_init':", which counts for all errors up to the next one.
bool names_function(std::string_view line) {
  return has(line, ": In function ") || line.ends_with(": At top level:") || has(line, ": in function `");
}

/// Returns "ex.c" for "ex.c:3:9: error: …".
std::string_view file_of(std::string_view line) {
  return line.substr(0, line.find(':'));
}

bool names_including_file(std::string_view line) {
  return line.starts_with("In file included from ") || line.starts_with("                 from ");
}

/// Returns true for the source line below an error, the marks below that, and a note.
bool explains_error(std::string_view line) {
  return line.starts_with(' ') || has(line, ": note: ");
}

}  // namespace

BuildErrors find_build_errors(std::string_view output, std::string_view folder) {
  const std::vector<std::string> all = text::lines_of(
      folder.empty() ? std::string(output) : text::replaced(std::string(output), std::string(folder) + "/", ""));
  BuildErrors errors;
  auto first = std::find_if(all.begin(), all.end(), is_error);
  if (first == all.end()) first = std::find_if(all.begin(), all.end(), is_of_make);
  if (first == all.end()) {
    errors.lines.assign(all.end() - static_cast<std::ptrdiff_t>(std::min(all.size(), kLastLines)), all.end());
    return errors;
  }
  errors.first = *first;
  errors.more = static_cast<std::size_t>(std::count_if(first + 1, all.end(), is_error));
  auto including = first;
  while (including != all.begin() && names_including_file(including[-1])) --including;
  const auto function = std::find_if(std::make_reverse_iterator(including), all.rend(), names_function);
  const bool belongs =
      function != all.rend() && (function.base() == including || file_of(*function) == file_of(*first));
  if (belongs) errors.lines.push_back(*function);
  errors.lines.insert(errors.lines.end(), including, first + 1);
  auto end = first + 1;
  while (end != all.end() && explains_error(*end) && errors.lines.size() < kMostLines) errors.lines.push_back(*end++);
  return errors;
}

}  // namespace kmodtest::kernel
