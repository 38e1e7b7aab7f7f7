// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

/// The file through which the library in QEMU (emulator/code_counter.cpp) tells the controller which instructions of
/// modules were executed. Both map it. The library empties it whenever the guest is restored; the controller reads it
/// at the end of the case.
namespace kmodtest::wire {

/// One instruction of a module, as long as its memory was not written to. A module that is loaded where another one was
/// has entries of its own.
struct CodeCount {
  std::uint32_t low = 0;      ///< the lower half of its address
  std::uint32_t reports = 0;  ///< how many bytes of agent messages there were when it was first executed
  std::uint64_t times = 0;    ///< executions
  std::uint64_t taken = 0;    ///< of a conditional jump: it jumped
  std::uint64_t fell = 0;     ///< of a conditional jump: it did not
  bool operator==(const CodeCount &) const = default;
};

inline constexpr std::size_t kMostCodeCounts = std::size_t{1} << 19;

struct CoverageArea {
  static constexpr std::uint64_t kMagic = 0x31736c6c65746163;

  std::uint64_t engine;                          ///< kMagic, written by the library when it is loaded
  std::uint64_t used;                            ///< entries
  std::uint64_t left_out;                        ///< entries for which there was no room
  std::array<CodeCount, kMostCodeCounts> count;  ///< in the order in which QEMU translated the instructions
};

inline constexpr std::size_t kCoverageBytes = sizeof(CoverageArea);

/// A conditional jump: its length in bytes, and the distance from its end to its target.
struct ConditionalJump {
  std::size_t length = 0;
  std::int32_t distance = 0;
  bool operator==(const ConditionalJump &) const = default;
};

/// Returns the conditional jump that these bytes begin with; nothing for any other instruction. Source: Intel's manual,
/// volume 2: Jcc is 70 to 7f and 0f 80 to 0f 8f; LOOP and JRCXZ are e0 to e3; 2e and 3e are hints before them.
inline std::optional<ConditionalJump> conditional_jump(std::span<const unsigned char> code) {
  std::size_t at = 0;
  while (at < code.size() && (code[at] == 0x2e || code[at] == 0x3e)) ++at;
  if (at + 1 >= code.size()) return std::nullopt;
  const unsigned first = code[at], second = code[at + 1];
  if ((first & 0xf0) == 0x70 || (first & 0xfc) == 0xe0)
    return ConditionalJump{.length = at + 2, .distance = static_cast<std::int8_t>(second)};
  if (first != 0x0f || (second & 0xf0) != 0x80 || at + 6 > code.size()) return std::nullopt;
  std::uint32_t distance = 0;
  for (std::size_t i = 0; i < sizeof distance; ++i) distance |= std::uint32_t{code[at + 2 + i]} << (8 * i);
  return ConditionalJump{.length = at + 6, .distance = static_cast<std::int32_t>(distance)};
}

}  // namespace kmodtest::wire
