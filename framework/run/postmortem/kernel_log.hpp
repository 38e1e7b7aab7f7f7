// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <string>

#include "kernel/symbols/kernel_image.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// Returns the end of a paused guest's kernel log, from its own memory: the messages since this time of its clock, as
/// its console shows them ("[    5.140900] text"). A guest that panics is paused before its console has the last of
/// them. Returns an empty text if the kernel's log is not where its symbols say. Blocks, throws nothing.
/// Source: kernel, kernel/printk/printk_ringbuffer.{h,c} (since 5.10).
std::string kernel_log(vm::Inspector &guest, const kernel::KernelImage &kernel, std::chrono::nanoseconds since);

}  // namespace kmodtest::run
