// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/footer.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "report/terminal/painted.hpp"

namespace kmodtest::report {

namespace {

constexpr const char *kEraseToLineEnd = "\x1b[K";
constexpr const char *kEraseBelow = "\x1b[J";

}  // namespace

std::string Footer::redraw(const std::vector<std::string> &lines, TerminalSize size) {
  const std::size_t room = size.columns > 1 ? static_cast<std::size_t>(size.columns) - 1 : 0;
  const std::size_t rows = size.rows > 2 ? static_cast<std::size_t>(size.rows) - 1 : 1;
  const std::size_t shown = std::min(lines.size(), rows);
  if (shown == 0) return erase();
  std::string sequence = "\r";
  for (std::size_t index = 0; index < shown; ++index) {
    const bool last = index + 1 == shown;
    sequence += cut_painted(lines[index], room) + (last ? kEraseBelow : std::string(kEraseToLineEnd) + "\n");
  }
  sequence += "\r";
  if (shown > 1) sequence += fmt::format("\x1b[{}A", shown - 1);
  drawn_ = true;
  return sequence;
}

std::string Footer::erase() {
  if (!drawn_) return {};
  drawn_ = false;
  return std::string("\r") + kEraseBelow;
}

}  // namespace kmodtest::report
