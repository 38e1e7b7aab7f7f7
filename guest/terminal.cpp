// SPDX-License-Identifier: GPL-2.0-or-later
#include "terminal.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "commands.hpp"

namespace kmodtest::guest {
namespace {

constexpr std::size_t kPiece = 16u << 10;
constexpr int kPiecesAtOnce = 16;  // then the controller's requests are checked again
constexpr std::size_t kMostPending = 1u << 20;

/// Mounts /dev/pts, for pseudo terminals, with the first of them: a guest that runs plans has none.
void mount_pts() {
  struct stat there {};
  if (::stat("/dev/pts/ptmx", &there) == 0) return;
  ::mkdir("/dev/pts", 0755);
  ::mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666");
}

winsize size_of(std::uint16_t rows, std::uint16_t columns) {
  winsize size{};
  size.ws_row = rows;
  size.ws_col = columns;
  return size;
}

/// Becomes the shell in the new process, with descriptors 0 to 2 in place. Does not return.
[[noreturn]] void become_shell(const wire::OpenTerminal &wanted) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGCHLD, SIGIO, SIGPIPE}) ::signal(signal, SIG_DFL);
  std::vector<std::string> words = {"PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/tmp"};
  words.insert(words.end(), wanted.environment.begin(), wanted.environment.end());
  std::vector<char *> environment;
  environment.reserve(words.size() + 1);
  for (std::string &word : words) environment.push_back(word.data());
  environment.push_back(nullptr);
  ::execle("/bin/sh", "sh", "-c", wanted.command.c_str(), nullptr, environment.data());
  ::_exit(127);
}

void not_blocking(const base::Descriptor &fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

}  // namespace

int Terminal::open(const wire::OpenTerminal &wanted) {
  install_applets();
  tty_ = wanted.rows != 0 && wanted.columns != 0;
  end_of_input_ = false;
  pending_.clear();
  exit_status_.reset();
  return tty_ ? start_on_terminal(wanted) : start_on_pipes(wanted);
}

int Terminal::start_on_terminal(const wire::OpenTerminal &wanted) {
  mount_pts();
  base::Descriptor master(::open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master) return errno;
  int locked = 0;
  int number = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &locked) != 0 || ::ioctl(master.get(), TIOCGPTN, &number) != 0) return errno;
  const winsize size = size_of(wanted.rows, wanted.columns);
  ::ioctl(master.get(), TIOCSWINSZ, &size);
  const std::string name = "/dev/pts/" + std::to_string(number);
  const base::Descriptor slave(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) return errno;
  const pid_t pid = ::fork();
  if (pid < 0) return errno;
  if (pid == 0) {
    ::setsid();
    ::ioctl(slave.get(), TIOCSCTTY, 0);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) ::dup2(slave.get(), fd);
    become_shell(wanted);
  }
  pid_ = pid;
  in_ = std::move(master);
  not_blocking(in_);
  return 0;
}

int Terminal::start_on_pipes(const wire::OpenTerminal &wanted) {
  int ends[3][2];
  for (auto &pair : ends)
    if (::pipe2(pair, O_CLOEXEC) != 0) return errno;
  base::Descriptor in(ends[0][1]), out(ends[1][0]), err(ends[2][0]);
  const base::Descriptor its_in(ends[0][0]), its_out(ends[1][1]), its_err(ends[2][1]);
  const pid_t pid = ::fork();
  if (pid < 0) return errno;
  if (pid == 0) {
    ::setsid();
    ::dup2(its_in.get(), STDIN_FILENO);
    ::dup2(its_out.get(), STDOUT_FILENO);
    ::dup2(its_err.get(), STDERR_FILENO);
    become_shell(wanted);
  }
  pid_ = pid;
  in_ = std::move(in);
  out_ = std::move(out);
  err_ = std::move(err);
  for (const base::Descriptor *fd : {&in_, &out_, &err_}) not_blocking(*fd);
  return 0;
}

void Terminal::type(const std::string &data) {
  if (!is_open()) return;
  if (data.empty()) {
    end_of_input_ = true;
  } else if (pending_.size() < kMostPending || !tty_) {  // input that is not read for so long is dropped
    pending_ += data;
  }
  write_pending();
}

void Terminal::resize(std::uint16_t rows, std::uint16_t columns) {
  if (!is_open() || !tty_) return;
  const winsize size = size_of(rows, columns);
  ::ioctl(in_.get(), TIOCSWINSZ, &size);
}

void Terminal::add_to(std::vector<pollfd> &polled) const {
  if (!is_open()) return;
  if (tty_) {
    polled.push_back({in_.get(), static_cast<short>(POLLIN | (pending_.empty() ? 0 : POLLOUT)), 0});
    return;
  }
  if (in_ && !pending_.empty()) polled.push_back({in_.get(), POLLOUT, 0});
  for (const base::Descriptor *stream : {&out_, &err_})
    if (*stream) polled.push_back({stream->get(), POLLIN, 0});
}

void Terminal::write_pending() {
  while (in_ && !pending_.empty()) {
    const ssize_t wrote = ::write(in_.get(), pending_.data(), pending_.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno != EAGAIN) pending_.clear();  // there is no reader any more
    if (wrote <= 0) break;
    pending_.erase(0, static_cast<std::size_t>(wrote));
  }
  if (end_of_input_ && !tty_ && pending_.empty()) in_.close();
}

void Terminal::read_from(base::Descriptor &stream, bool error, std::vector<wire::TerminalOutput> &output) {
  char piece[kPiece];
  for (int i = 0; stream && i < kPiecesAtOnce; ++i) {
    const ssize_t got = ::read(stream.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {  // EIO: the last process has closed the terminal
      if (!tty_) stream.close();
      return;
    }
    output.push_back({std::string(piece, static_cast<std::size_t>(got)), error});
  }
}

std::vector<wire::TerminalOutput> Terminal::exchange() {
  std::vector<wire::TerminalOutput> output;
  if (!is_open()) return output;
  write_pending();
  if (tty_) {
    read_from(in_, false, output);
  } else {
    read_from(out_, false, output);
    read_from(err_, true, output);
  }
  return output;
}

void Terminal::reaped(pid_t pid, int wait_status) {
  if (pid != pid_ || !is_open()) return;
  exit_status_ = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

std::optional<wire::TerminalEnded> Terminal::ended() {
  if (!exit_status_) return std::nullopt;
  const wire::TerminalEnded how{*exit_status_};
  close();
  return how;
}

void Terminal::close() {
  if (!is_open()) return;
  ::kill(-pid_, SIGHUP);  // its own group; on a terminal the kernel signals the others
  pid_ = 0;
  exit_status_.reset();
  in_.close();
  out_.close();
  err_.close();
}

}  // namespace kmodtest::guest
