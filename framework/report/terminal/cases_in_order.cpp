// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/cases_in_order.hpp"

namespace kmodtest::report {

std::string CasesInOrder::add(std::size_t number, const std::string &text, bool whole) {
  Held &held = held_[number];
  held.text += text;
  held.whole |= whole;
  std::string ready;
  for (auto next = held_.find(next_); next != held_.end() && next->second.whole; next = held_.find(next_)) {
    ready += next->second.text;
    held_.erase(next);
    ++next_;
  }
  return ready;
}

std::string CasesInOrder::rest() const {
  std::string text;
  for (const auto &[number, held] : held_) text += held.text;
  return text;
}

}  // namespace kmodtest::report
