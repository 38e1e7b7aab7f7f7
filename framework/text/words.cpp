// SPDX-License-Identifier: GPL-2.0-or-later
#include "text/words.hpp"

#include <fmt/core.h>

namespace kmodtest::text {

std::string wall_time(std::chrono::duration<double> took) {
  const double seconds = took.count();
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long>(seconds);
  return fmt::format("{} min {} s", whole / 60, whole % 60);
}

std::string counted(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace kmodtest::text
