// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kmodtest::emulator {

/// What a CPU's registers held at a PAUSE: the general ones, and the address of the next instruction.
struct PausedAt {
  std::array<std::uint64_t, 16> general{};
  std::uint64_t next = 0;
};

/// Recognises loops that wait. A CPU spins if it comes back to one PAUSE and only the registers that changed in the
/// loop's first round have changed. Another call of the same delay is another loop, because it began at another time
/// and has that in a register. Only calls with a single PAUSE (`udelay(1)`) are one loop, if nothing is between them.
class Spin {
 public:
  /// Returns how many instructions the PAUSE that the CPU now executes counts as: an eighth of what the loop has taken
  /// so far, but at least `least` and at most `most`.
  std::uint16_t cost(const PausedAt &now, std::uint16_t least, std::uint16_t most);
  /// Returns whether the CPU has come back to that PAUSE several times, so that it waits for something.
  bool waits() const;

 private:
  bool goes_on(const PausedAt &now);

  PausedAt last_{};
  std::uint32_t changing_ = 0;  // a bit for each register that changes in the loop
  std::uint32_t rounds_ = 0;
  std::uint32_t taken_ = 0;
};

}  // namespace kmodtest::emulator
