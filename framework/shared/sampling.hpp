// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "wire/program.hpp"

/// When the agent looks again at what causes no event of its own: files, threads, modules.
namespace kmodtest::shared {

inline constexpr wire::Microseconds kShortestPause{5'000};
inline constexpr wire::Microseconds kLongestPause{20'000};
inline constexpr wire::Microseconds kCalmPause{50'000};

/// Returns the pause after a look that took `took`, `waited` after the step's start. A long look is followed by a long
/// pause. After a third of a second nobody notices 20 ms.
wire::Microseconds pause_after(wire::Microseconds took, wire::Microseconds waited);

/// The pauses between the readings of a file.
struct Sampling {
  wire::Microseconds pause = kShortestPause;
  wire::Microseconds calm_until{0};  ///< up to this moment, kCalmPause is enough

  /// Returns when to read again after a reading at `time`.
  wire::Microseconds next(wire::Microseconds time) const;
  bool operator==(const Sampling &) const = default;
};

/// Returns how often to read a file whose number grows: the error of a measured gap, which is one pause, is a small
/// part of what the gap may be. After a change (the last one was at `last_change`), the next one may not come for a
/// while. If it does, the step fails, and a later reading still shows that it came too early.
Sampling sampling_of(const wire::Growth &growth, std::optional<wire::Microseconds> last_change);

}  // namespace kmodtest::shared
