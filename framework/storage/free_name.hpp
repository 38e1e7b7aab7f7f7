// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::storage {

/// Returns `wanted`, or the first of "wanted~2", "wanted~3"… for which `is_free` holds: two plans can use one case
/// name.
template <class IsFree>
std::string free_name(const std::string &wanted, const IsFree &is_free) {
  std::string name = wanted;
  for (int number = 2; !is_free(name); ++number) name = wanted + "~" + std::to_string(number);
  return name;
}

}  // namespace kmodtest::storage
