// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <termios.h>

namespace kmodtest::cli {

struct TerminalSize {
  std::uint16_t rows = 24, columns = 80;
};
/// Of the terminal behind a descriptor; 24 by 80 where it does not tell.
TerminalSize terminal_size(int fd);

/// Passes every key on as it is, until destroyed: then the terminal is as it was. One at a time.
class RawTerminal {
 public:
  /// Throws base::Error when `fd` is no terminal.
  explicit RawTerminal(int fd);
  ~RawTerminal();
  RawTerminal(const RawTerminal &) = delete;
  RawTerminal &operator=(const RawTerminal &) = delete;

  /// For whoever ends the process without destroying objects. Does nothing when there is none.
  static void restore() noexcept;

 private:
  int fd_;
  termios before_{};
};

}  // namespace kmodtest::cli
