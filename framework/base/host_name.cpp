// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/host_name.hpp"

#include <array>
#include <unistd.h>

namespace kmodtest::base {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

}  // namespace kmodtest::base
