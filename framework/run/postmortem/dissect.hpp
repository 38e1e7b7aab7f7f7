// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "judge/dissection.hpp"
#include "kernel/symbols/kernel_image.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// Examines a paused guest: where each CPU is, which tasks are blocked, and which tasks hold the mutexes that they wait
/// for. It uses the names and layouts that the kernel carries itself; without them it returns only the registers. It
/// leaves out what cannot be read and adds the reason to `problem`. Blocks, throws nothing.
judge::Dissection dissect(vm::Inspector &guest, const kernel::KernelImage &kernel);

}  // namespace kmodtest::run
