// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/raw_terminal.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.hpp"

namespace kmodtest::cli {

namespace {

constexpr int kPatienceAfterSignal = 500;  // ms

const RawTerminal *the_one = nullptr;
int its_fd = -1;
termios its_settings;

}  // namespace

TerminalSize terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
  return {.rows = size.ws_row, .columns = size.ws_col};
}

RawTerminal::RawTerminal(int fd, Keys keys) : fd_(fd) {
  if (::tcgetattr(fd_, &before_) != 0) {
    throw base::Error(base::Code::no_terminal,
                      fmt::format("cannot read the terminal's settings: {}", std::strerror(errno)),
                      "start it in a terminal, or send the commands through a pipe");
  }
  its_fd = fd_;
  its_settings = before_;
  the_one = this;
  termios raw = before_;
  if (keys == Keys::all) {
    ::cfmakeraw(&raw);
  } else {
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
  }
  ::tcsetattr(fd_, TCSANOW, &raw);
}

RawTerminal::~RawTerminal() {
  restore();
}

void RawTerminal::restore() noexcept {
  if (the_one == nullptr) return;
  the_one = nullptr;
  // Not TCSADRAIN: it would wait indefinitely when nothing reads the output.
  while (::tcsetattr(its_fd, TCSANOW, &its_settings) != 0 && errno == EINTR) {
  }
}

TerminalOutput::TerminalOutput(int fd)
    : fd_(fd),
      own_(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {}

void TerminalOutput::write(std::string_view text) {
  const int fd = own_ ? own_.get() : fd_;
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
    if (size > 0 || (size < 0 && errno == EINTR)) continue;
    if (size == 0 || errno != EAGAIN) return;  // nothing reads the output; the session ends through its input
    pollfd room{fd, POLLOUT, 0};
    const int ready = ::poll(&room, 1, patience_);
    if (ready < 0 && errno == EINTR && patience_ < 0) patience_ = kPatienceAfterSignal;
    if (ready == 0) {
      patience_ = 0;
      return;
    }
  }
  patience_ = -1;
}

}  // namespace kmodtest::cli
