// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/raw_terminal.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include "base/error.hpp"

namespace kmodtest::cli {

namespace {

const RawTerminal *the_one = nullptr;
int its_fd = -1;
termios its_settings;

}  // namespace

TerminalSize terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
  return {size.ws_row, size.ws_col};
}

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  if (::tcgetattr(fd_, &before_) != 0) {
    throw base::Error(fmt::format("cannot read the terminal's settings: {}", std::strerror(errno)));
  }
  its_fd = fd_;
  its_settings = before_;
  the_one = this;
  termios raw = before_;
  ::cfmakeraw(&raw);
  ::tcsetattr(fd_, TCSADRAIN, &raw);
}

RawTerminal::~RawTerminal() {
  restore();
}

void RawTerminal::restore() noexcept {
  if (the_one == nullptr) return;
  the_one = nullptr;
  while (::tcsetattr(its_fd, TCSADRAIN, &its_settings) != 0 && errno == EINTR) {
  }
}

}  // namespace kmodtest::cli
