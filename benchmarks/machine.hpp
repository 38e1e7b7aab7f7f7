// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace kmodtest::bench {

/// What the first touch of a page of fresh memory costs, in µs: the median of five times 64 MiB of 4 KiB pages. Some
/// tenths on most machines; in virtual machines whose host takes unused memory back it can be 10, and a new QEMU
/// touches tens of thousands. Throws std::system_error when there is no memory.
double microseconds_per_fresh_page();

}  // namespace kmodtest::bench
