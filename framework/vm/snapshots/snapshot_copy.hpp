// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace kmodtest::vm {

/// The result of a copy. With an error, the other fields are meaningless.
struct StateCopy {
  std::string checksum;  ///< 32 hex digits
  std::uint64_t size_bytes = 0;
  int read_error = 0;   ///< errno, 0: none
  int write_error = 0;  ///< errno, 0: none

  bool failed() const { return read_error != 0 || write_error != 0; }
};

/// Copies the whole file `from` into the empty file `to` and computes the checksum of the copied bytes in the same
/// pass, so that no unchecked byte is used. Pages of zeros become holes.
///
/// The checksum is the XXH3 of 128 bits (libxxhash; against damage, not malice) of the pages of 4 KiB that are not all
/// zeros, then of their positions, then of the size. So holes and written zeros are equal, as they are for every reader
/// of the file, and a file keeps its checksum on a file system that stores holes in another way.
StateCopy copy_state(int from, int to);

/// Returns the result of copy_state() without making a copy.
StateCopy sum_state(int from);

/// Returns the XXH3 of 128 bits of a text: 32 hex digits.
std::string checksum_of(const std::string &text);

}  // namespace kmodtest::vm
