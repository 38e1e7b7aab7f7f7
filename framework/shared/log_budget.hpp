// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "wire/message.hpp"

namespace kmodtest::shared {

/// Decides which lines of a program's kernel log are sent: all of them, up to a number of bytes. After that only those
/// that matter (the agent's markers, warnings and worse) with a few lines before each, and the newest lines whenever
/// another message follows. The rest is counted. Used in the guest, too.
class LogBudget {
 public:
  /// What a program's log can take of the memory shared with the controller, besides everything else in it.
  static constexpr std::size_t kBytes = 6u << 20;
  static constexpr std::size_t kBytesBesideTrace = 1u << 20;
  /// For what is sent after that.
  static constexpr std::size_t kFurtherBytes = 1536u << 10;
  static constexpr std::size_t kContext = 20;  ///< lines before one that matters
  static constexpr std::size_t kNewest = 200;  ///< lines before another message
  static constexpr std::uint64_t kCountEvery = 10'000;

  explicit LogBudget(std::size_t bytes = kBytes) : bytes_(bytes) {}

  /// Returns the message to send now for new lines of the log, if any.
  std::optional<wire::LogLines> take(wire::LogLines fresh);
  /// Returns the newest lines that were kept back, if any: another message of the program follows. The last one of a
  /// program always gets them.
  std::optional<wire::LogLines> newest(bool last);

 private:
  void send(wire::KernelLogLine line, wire::LogLines &out);
  void release(std::size_t most, wire::LogLines &out);
  bool has_room() const { return sent_ < bytes_ + kFurtherBytes; }

  std::size_t bytes_;
  std::size_t sent_ = 0;
  bool full_ = false;  ///< `bytes_` were sent
  std::deque<wire::KernelLogLine> kept_back_;
  std::uint64_t left_out_ = 0;  ///< since the last message
};

}  // namespace kmodtest::shared
