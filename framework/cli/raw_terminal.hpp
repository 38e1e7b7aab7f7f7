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
/// Of the terminal behind a descriptor; 24 by 80 where it does not tell.
TerminalSize terminal_size(int fd);

/// Passes every key on as soon as it is pressed, until destroyed: then the terminal is as it was. One at a time.
class RawTerminal {
 public:
  enum class Keys {
    all,             ///< every key, and what is written is taken as it is
    but_for_signals  ///< Ctrl-C and its like still send signals; lines are written as ever
  };
  /// Throws base::Error when `fd` is no terminal.
  explicit RawTerminal(int fd, Keys keys = Keys::all);
  ~RawTerminal();
  RawTerminal(const RawTerminal &) = delete;
  RawTerminal &operator=(const RawTerminal &) = delete;

  /// For whoever ends the process without destroying objects. Does nothing when there is none.
  static void restore() noexcept;

 private:
  int fd_;
  termios before_{};
};

/// Writes to a terminal that may be gone or stopped: waits for room like any program, but not for ever once a signal
/// has come, so that whoever has to act upon the signal gets to it.
class TerminalOutput {
 public:
  explicit TerminalOutput(int fd);
  /// What finds no room in time is dropped.
  void write(std::string_view text);

 private:
  int fd_;
  base::Descriptor own_;  // the same terminal, opened so that writing never blocks; nobody else's is changed by that
  int patience_ = -1;     // ms; -1: any
};

}  // namespace kmodtest::cli
