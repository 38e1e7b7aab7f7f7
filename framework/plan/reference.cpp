// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/plan.hpp"

namespace kmodtest::plan {
std::string reference_markdown() {
  return "\n";
}
}  // namespace kmodtest::plan
