// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/footer.hpp"

#include <fmt/format.h>

#include "report/text.hpp"

namespace kmodtest::report {

namespace {
constexpr const char *kEraseToLineEnd = "\x1b[K";
constexpr const char *kEraseBelow = "\x1b[J";
}  // namespace

std::string Footer::to_top() const {
  return drawn_ == 0 ? std::string() : fmt::format("\r\x1b[{}A", drawn_);
}

std::string Footer::redraw(const std::vector<std::string> &lines) {
  std::string sequence = to_top();
  const std::size_t room = width_ > 1 ? static_cast<std::size_t>(width_) - 1 : 0;
  for (const std::string &line : lines) sequence += cut_to(printable(line), room) + kEraseToLineEnd + "\n";
  if (drawn_ > lines.size()) sequence += kEraseBelow;
  drawn_ = lines.size();
  return sequence;
}

std::string Footer::erase() {
  if (drawn_ == 0) return {};
  std::string sequence = to_top() + kEraseBelow;
  drawn_ = 0;
  return sequence;
}

}  // namespace kmodtest::report
