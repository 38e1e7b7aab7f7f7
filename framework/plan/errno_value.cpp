// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

#include "plan/diagnostics.hpp"
#include "plan/values.hpp"
#include "text/replace.hpp"
#include "text/similar_name.hpp"

namespace kmodtest::plan {
namespace {

/// MAX_ERRNO (kernel: include/linux/err.h).
constexpr int kLargestErrno = 4095;

/// Names of errno(3) with their numbers, in the order of the numbers; guest and controller are both x86-64 Linux, so
/// the numbers agree.
const std::vector<std::pair<std::string, int>> &errno_table() {
  static const auto table = [] {
    std::vector<std::pair<std::string, int>> names;
    for (int number = 1; number <= kLargestErrno; ++number)
      if (const char *name = ::strerrorname_np(number)) names.emplace_back(name, number);
    return names;
  }();
  return table;
}

}  // namespace

std::vector<std::string> errno_names() {
  std::vector<std::string> names;
  for (const auto &[name, number] : errno_table()) names.emplace_back(name);
  return names;
}

Value<std::int32_t> parse_errno(std::string_view text) {
  using V = Value<std::int32_t>;
  const std::string_view word = text::trimmed(text);
  if (word == "any") return V::of(-1);
  for (const auto &[name, number] : errno_table())
    if (word == name) return V::of(number);
  if (!word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    for (const auto &[name, number] : errno_table())
      if (word == std::to_string(number))
        return V::bad(Code::bad_errno, fmt::format("an errno is written by name (write {}, not {})", name, word));
  }
  if (const auto close = text::similar_name(std::string(word), errno_names()))
    return V::bad(Code::bad_errno, fmt::format("{} is not an errno name (did you mean '{}'?)", quote(text), *close));
  return V::bad(Code::bad_errno, fmt::format("{} is not an errno name (write one like EINVAL, or any)", quote(text)));
}

}  // namespace kmodtest::plan
