// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <cstring>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// What is left of a CPU's turn. QEMU has taken the whole block off it when the block began, and adds what is left of
/// the block when it is left early, modulo 2^16.
class Turn {
 public:
  Turn(const Qemu &qemu, unsigned char *cpu, std::uint16_t left_in_block) : word_(cpu + qemu.instructions_left) {
    std::memcpy(&counted_, word_, sizeof counted_);
    left_ = static_cast<std::uint16_t>(counted_ + left_in_block);
  }
  std::uint16_t left() const { return left_; }
  void take(std::uint64_t instructions) const {
    const auto now = static_cast<std::uint16_t>(counted_ - instructions);
    std::memcpy(word_, &now, sizeof now);
  }

 private:
  unsigned char *word_;
  std::uint16_t counted_ = 0, left_ = 0;
};

}  // namespace kmodtest::emulator
