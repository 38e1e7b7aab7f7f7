// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace kmodtest::bench {

/// Returns the cost of the first access to a page of fresh memory, in µs: the median of five times 64 MiB of 4 KiB
/// pages. It is a few tenths on most machines. In virtual machines whose host takes back unused memory it can be 10,
/// and a new QEMU touches tens of thousands of pages. Throws std::system_error if there is no memory.
double microseconds_per_fresh_page();

}  // namespace kmodtest::bench
