// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <termios.h>

#include "base/descriptor.hpp"

namespace kmodtest::cli {

struct TerminalSize {
  std::uint16_t rows = 24, columns = 80;
};
/// Returns the size of the terminal behind a descriptor; 24 by 80 when it is unknown.
TerminalSize terminal_size(int fd);

/// Delivers every key as soon as it is pressed. The destructor restores the terminal. There can be one at a time.
class RawTerminal {
 public:
  enum class Keys {
    all,             ///< every key; output is written unchanged
    but_for_signals  ///< Ctrl-C and similar keys still send signals; output is processed as usual
  };
  /// Throws base::Error when `fd` is not a terminal.
  explicit RawTerminal(int fd, Keys keys = Keys::all);
  ~RawTerminal();
  RawTerminal(const RawTerminal &) = delete;
  RawTerminal &operator=(const RawTerminal &) = delete;

  /// Restores the terminal before an exit that skips destructors. Does nothing when no RawTerminal exists.
  static void restore() noexcept;

 private:
  int fd_;
  termios before_{};
};

/// Writes to a terminal that can be gone or stopped. It waits for room like any program, but no longer than half a
/// second after a signal, so that the signal can be handled.
class TerminalOutput {
 public:
  explicit TerminalOutput(int fd);
  /// Drops what does not fit in time.
  void write(std::string_view text);

 private:
  int fd_;
  base::Descriptor own_;  // the same terminal, opened so that writing never blocks; other processes are not affected
  int patience_ = -1;     // ms; -1: unlimited
};

}  // namespace kmodtest::cli
