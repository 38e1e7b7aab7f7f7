// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <cstring>

#include "wire/shared_memory.hpp"

namespace kmodtest::emulator {

/// Returns how many bytes of messages the agent has sent in this case. `shared_page`: the first page of the memory that
/// guest and controller share.
inline std::uint32_t report_bytes(const unsigned char *shared_page) {
  std::uint32_t bytes = 0;  // the lower half of a word: there are 12 MiB at most
  std::memcpy(&bytes, shared_page + wire::kReportsOffset, sizeof bytes);
  return bytes;
}

}  // namespace kmodtest::emulator
