// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/error.hpp"

namespace kmodtest::support {

/// Returns "message | hint" of the base::Error that `action` throws.
template <class Action>
std::string error_of(Action &&action) {
  try {
    action();
  } catch (const base::Error &error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "no error";
}

}  // namespace kmodtest::support
