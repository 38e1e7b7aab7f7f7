// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace kmodtest::emulator {

/// Returns whether the file is an eventfd: a signal between threads of QEMU, not input from outside. Remembers the
/// answer until forget_file(). Any thread can ask.
bool is_eventfd(int file);

/// Call when the file is closed.
void forget_file(int file);

}  // namespace kmodtest::emulator
