// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace kmodtest::vm {

/// How a copy went. With an error the rest says nothing.
struct StateCopy {
  std::string checksum;  ///< 32 hex digits
  std::uint64_t size_bytes = 0;
  int read_error = 0;   ///< errno, 0: none
  int write_error = 0;  ///< errno, 0: none
};

/// Copies all of the file `from` into the empty file `to` and sums up what it copied, in one go: nothing is believed
/// that was not summed up. Pages of zeros become holes.
///
/// The checksum is the XXH3 of 128 bits (libxxhash; against damage, not malice) of the pages of 4 KiB that are not all
/// zeros, then of where they lie, then of the size. So a hole and written zeros are the same, as they are to whoever
/// reads the file, and a file keeps its checksum on a file system that stores holes in another way.
StateCopy copy_state(int from, int to);

/// What copy_state() would say of the file, without a copy.
StateCopy sum_state(int from);

/// The XXH3 of 128 bits of a text: 32 hex digits.
std::string checksum_of(const std::string &text);

}  // namespace kmodtest::vm
