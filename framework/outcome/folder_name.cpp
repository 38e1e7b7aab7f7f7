// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/folder_name.hpp"

#include <cstddef>

namespace kmodtest::outcome {

namespace {

constexpr std::size_t kLongestName = 200;  ///< bytes; NAME_MAX is 255

bool may_stay(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         letter == '.' || letter == '-' || letter == '_' || letter == '=';
}

}  // namespace

std::string folder_name(const plan::Case &test_case) {
  std::string name;
  for (const char letter : test_case.id) {
    if (may_stay(letter)) {
      name += letter;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (name.size() > kLongestName) name.resize(kLongestName);
  // The name must not be hidden, empty, "." or "..".
  if (name.empty() || name[0] == '.') name.insert(0, "case");
  return name;
}

}  // namespace kmodtest::outcome
