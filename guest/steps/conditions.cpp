// SPDX-License-Identifier: GPL-2.0-or-later
// clang-format off
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "program_run.hpp"
#include "sample.hpp"
#include "shared/condition.hpp"

// The steps that wait for a condition, in one unit: see actions.cpp.
#include "dmesg.cpp"  // NOLINT(bugprone-suspicious-include)
#include "ps.cpp"     // NOLINT(bugprone-suspicious-include)
#include "lsmod.cpp"  // NOLINT(bugprone-suspicious-include)
#include "file.cpp"   // NOLINT(bugprone-suspicious-include)
#include "sched.cpp"  // NOLINT(bugprone-suspicious-include)
// clang-format on
