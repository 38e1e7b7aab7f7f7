// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "emulator/code_ranges.hpp"
#include "emulator/race_events.hpp"
#include "emulator/race_watch.hpp"

namespace kmodtest::emulator {

/// Returns what an instruction of x86-64 does with memory, as RaceWatch needs it. Source: Intel's manual, volume 2,
/// appendix A. `code`: its bytes.
inline RaceWatch::Kind kind_of_instruction(std::span<const unsigned char> code) {
  using Kind = RaceWatch::Kind;
  const auto byte = [&code](std::size_t at) { return at < code.size() ? code[at] : 0u; };
  const auto between = [](unsigned value, unsigned first, unsigned last) { return value >= first && value <= last; };
  std::size_t at = 0;
  bool locked = false, repeated = false;
  for (;; ++at) {
    const unsigned prefix = byte(at);
    if (prefix == 0x64 || prefix == 0x65) return Kind::ignored;  // FS, GS: what belongs to the CPU
    locked = locked || prefix == 0xf0;
    repeated = repeated || prefix == 0xf2 || prefix == 0xf3;
    const bool other = prefix == 0x66 || prefix == 0x67 || prefix == 0x2e || prefix == 0x3e || prefix == 0x26 ||
                       prefix == 0x36 || prefix == 0xf0 || prefix == 0xf2 || prefix == 0xf3;
    if (!other && !between(prefix, 0x40, 0x4f)) break;
  }
  const unsigned operation = byte(at), second = byte(at + 1), group = second >> 3 & 7;
  if (locked || operation == 0x86 || operation == 0x87) return Kind::atomic;
  if (operation == 0x0f) {
    if (between(second, 0xb0, 0xb1) || between(second, 0xc0, 0xc1) || second == 0xc7) return Kind::atomic;
    const bool jumps = between(second, 0x80, 0x8f) || second == 0x05 || second == 0x07 || second == 0x0b;
    return jumps ? Kind::unbroken : Kind::plain;
  }
  // Jumps, calls, returns, interrupts, HLT, POP and PUSH of memory.
  const bool elsewhere = between(operation, 0x70, 0x7f) || between(operation, 0xe0, 0xe3) ||
                         between(operation, 0xe8, 0xeb) || between(operation, 0xc2, 0xc3) ||
                         between(operation, 0xca, 0xcf) || operation == 0xf4 || operation == 0x8f ||
                         (operation == 0xff && group >= 2);
  return elsewhere || repeated ? Kind::unbroken : Kind::plain;
}

/// Returns where a call or a jump with a fixed distance goes; 0 for any other instruction. `next`: the address behind
/// it.
inline std::uint64_t fixed_target(std::span<const unsigned char> code, std::uint64_t next) {
  constexpr std::size_t kBytes = 5;
  if (code.size() < kBytes || (code[0] != 0xe8 && code[0] != 0xe9)) return 0;
  std::int32_t distance = 0;
  std::memcpy(&distance, &code[1], sizeof distance);
  return next + static_cast<std::uint64_t>(std::int64_t{distance});
}

/// Returns where an instruction of a module at an address goes on, as RaceEvents needs it.
inline Flow flow_of_instruction(std::span<const unsigned char> code, std::uint64_t address) {
  if (!code.empty() && (code[0] == 0xc3 || code[0] == 0xc2)) return Flow::returns;
  if (!is_code_of_kernel(fixed_target(code, address + code.size()))) return Flow::other;
  return code[0] == 0xe8 ? Flow::calls : Flow::jumps;
}

}  // namespace kmodtest::emulator
