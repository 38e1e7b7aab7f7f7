// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "judge/dissection.hpp"
#include "kernel/symbols/kernel_image.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// Looks at a guest that stands still: what each CPU is at, which tasks are blocked, and who holds the mutexes that
/// they wait for. With the names and layouts that the kernel carries itself; without them there are the registers
/// alone. What cannot be read is left out, with a word in `problem`; blocks, throws nothing.
judge::Dissection dissect(vm::Inspector &guest, const kernel::KernelImage &kernel);

}  // namespace kmodtest::run
