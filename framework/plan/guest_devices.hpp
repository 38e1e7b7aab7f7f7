// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "base/guest_devices.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// Returns the devices of a plan's guest, each with its default size where it is a disk.
std::vector<base::ChosenDevice> read_devices(MapReader &reader, const Node &guest, Scope &scope);

}  // namespace kmodtest::plan
