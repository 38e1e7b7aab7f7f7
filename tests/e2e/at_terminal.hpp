// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <iterator>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <vector>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {

inline constexpr std::chrono::seconds kTerminalPatience{90};

/// kmodtest behind a terminal of 30 rows and 100 columns.
class AtTerminal {
 public:
  explicit AtTerminal(std::vector<std::string> arguments, const char *kind = "xterm") {
    const winsize size{30, 100, 0, 0};
    int slave = -1;
    if (::openpty(&master_, &slave, nullptr, nullptr, &size) != 0) throw std::runtime_error("no terminal");
    slave_ = slave;
    ::tcgetattr(slave_, &before_);
    std::vector<std::string> words = {KMODTEST_BINARY};
    words.insert(words.end(), arguments.begin(), arguments.end());
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::close(master_);  // otherwise the terminal would not hang up when we end
    ::setsid();
    ::ioctl(slave_, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; ++fd) ::dup2(slave_, fd);
    ::setenv("KMODTEST_RUNTIME", runtime_.path().c_str(), 1);
    ::setenv("TERM", kind, 1);
    ::chmod(runtime_.path().c_str(), 0711);
    std::vector<char *> argv;
    for (auto &word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(KMODTEST_BINARY, argv.data());
    ::_exit(127);
  }
  ~AtTerminal() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(master_);
    ::close(slave_);
  }
  AtTerminal(const AtTerminal &) = delete;
  AtTerminal &operator=(const AtTerminal &) = delete;

  void type(const std::string &text) const {
    ASSERT_EQ(::write(master_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  /// Reads until the text arrives; returns everything that was read since the last call up to its end. Fails if it does
  /// not arrive.
  std::string read_until(const std::string &wanted) {
    const auto end = std::chrono::steady_clock::now() + kTerminalPatience;
    std::array<char, 4096> chunk{};
    while (true) {
      if (const auto at = unread_.find(wanted); at != std::string::npos) {
        const std::string text = unread_.substr(0, at + wanted.size());
        unread_.erase(0, at + wanted.size());
        return text;
      }
      pollfd waited{master_, POLLIN, 0};
      if (std::chrono::steady_clock::now() > end || ::poll(&waited, 1, 1000) < 0) break;
      if (waited.revents == 0) continue;
      const ssize_t size = ::read(master_, chunk.data(), chunk.size());
      if (size <= 0) break;
      unread_.append(chunk.data(), static_cast<std::size_t>(size));
    }
    ADD_FAILURE() << "no '" << wanted << "' in:\n" << unread_;
    return unread_;
  }

  std::string prompt() { return read_until("# "); }

  /// Returns the answer to a command that is typed at the prompt. A line of the kernel's log can appear anywhere in it,
  /// and draws the prompt again, so the end is a word that only the shell can have made.
  std::string ask(const std::string &command) {
    const int number = ++asked_;
    type(command + "; echo end-$((100+" + std::to_string(number) + "))\r");
    return read_until("end-" + std::to_string(100 + number) + "\r\n");
  }

  void resize(unsigned short rows, unsigned short columns) const {
    const winsize size{rows, columns, 0, 0};
    ::ioctl(master_, TIOCSWINSZ, &size);
  }
  void signal(int number) const { ::kill(pid_, number); }

  /// Returns the exit status; 128 + N if signal N ended the process.
  int wait() {
    std::array<char, 4096> chunk{};
    int status = 0;
    const auto end = std::chrono::steady_clock::now() + kTerminalPatience;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) return -1;
      pollfd waited{master_, POLLIN, 0};
      if (::poll(&waited, 1, 20) > 0) {
        const ssize_t size = ::read(master_, chunk.data(), chunk.size());
        if (size > 0) unread_.append(chunk.data(), static_cast<std::size_t>(size));
      }
    }
    pid_ = -1;
    pollfd waited{master_, POLLIN, 0};
    while (::poll(&waited, 1, 0) > 0) {
      const ssize_t size = ::read(master_, chunk.data(), chunk.size());
      if (size <= 0) break;
      unread_.append(chunk.data(), static_cast<std::size_t>(size));
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  /// Waits until the terminal accepts no more output, since nothing reads it.
  bool fills_up() const {
    const auto end = std::chrono::steady_clock::now() + kTerminalPatience;
    while (std::chrono::steady_clock::now() < end) {
      pollfd room{slave_, POLLOUT, 0};
      if (::poll(&room, 1, 0) == 0) return true;
      ::poll(nullptr, 0, 10);
    }
    return false;
  }

  /// Waits like wait(), without reading; returns -1 if the process does not end.
  int wait_without_reading() {
    int status = 0;
    const auto end = std::chrono::steady_clock::now() + kTerminalPatience;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) return -1;
      ::poll(nullptr, 0, 10);
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  const std::string &rest() const { return unread_; }

  /// Compares the terminal's mode with the first one, as `stty -g` prints it.
  bool as_before() const {
    termios now{};
    ::tcgetattr(slave_, &now);
    return now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag && now.c_cflag == before_.c_cflag &&
           now.c_lflag == before_.c_lflag && std::equal(std::begin(now.c_cc), std::end(now.c_cc), before_.c_cc);
  }
  bool is_raw() const {
    termios now{};
    ::tcgetattr(slave_, &now);
    return (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }
  bool is_blocking() const { return (::fcntl(slave_, F_GETFL) & O_NONBLOCK) == 0; }

 private:
  ScratchFolder runtime_;
  int master_ = -1, slave_ = -1;
  termios before_{};
  pid_t pid_ = -1;
  int asked_ = 0;
  std::string unread_;
};

}  // namespace kmodtest::e2e
