// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "base/descriptor.hpp"

namespace kmodtest::guest {
namespace {

constexpr char kBusybox[] = "/bin/busybox";

/// Makes this new process the leader of a group, and drops what it inherited from PID 1.
void become_command(int out, int err) {
  ::setpgid(0, 0);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGCHLD, SIGIO, SIGPIPE}) ::signal(signal, SIG_DFL);
}

char *const *environment() {
  static char path[] = "PATH=/bin:/sbin:/usr/bin:/usr/sbin";
  static char home[] = "HOME=/tmp";
  static char *const variables[] = {path, home, nullptr};
  return variables;
}

/// Asks without the pipe's lock: a command that was killed while it spliced into the pipe holds that indefinitely.
bool can_read(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

void read_stream(base::Descriptor &stream, std::string &text, bool &truncated) {
  char piece[16u << 10];
  while (stream && can_read(stream.get())) {
    const ssize_t got = ::read(stream.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    if (got == 0) {
      stream.close();
      return;
    }
    const std::size_t room = Commands::kStreamLimit - text.size();
    const std::size_t taken = std::min(static_cast<std::size_t>(got), room);
    text.append(piece, taken);
    if (taken < static_cast<std::size_t>(got)) truncated = true;
  }
}

void read_streams(Command &command) {
  read_stream(command.out, command.result.out, command.result.truncated);
  read_stream(command.err, command.result.err, command.result.truncated);
}

}  // namespace

void install_applets() {
  if (::access("/bin/ash", X_OK) == 0) return;
  const pid_t pid = ::fork();
  if (pid == 0) {
    become_command(STDOUT_FILENO, STDERR_FILENO);
    ::execle(kBusybox, "busybox", "--install", "-s", "/bin", nullptr, environment());
    ::_exit(127);
  }
  if (pid > 0)
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

int Commands::start(std::uint32_t step, const std::string &text, const std::string &name) {
  if (!std::exchange(applets_installed_, true)) install_applets();
  int out[2];
  int err[2];
  if (::pipe2(out, O_CLOEXEC) != 0) return errno;
  Command command;
  command.step = step;
  command.name = name;
  command.result.step = step;
  command.out = base::Descriptor(out[0]);
  const base::Descriptor out_end(out[1]);
  if (::pipe2(err, O_CLOEXEC) != 0) return errno;
  command.err = base::Descriptor(err[0]);
  const base::Descriptor err_end(err[1]);
  command.pid = ::fork();
  if (command.pid < 0) return errno;
  if (command.pid == 0) {
    become_command(out_end.get(), err_end.get());
    ::execle("/bin/sh", "sh", "-c", text.c_str(), nullptr, environment());
    ::_exit(127);
  }
  ::setpgid(command.pid, command.pid);  // also here: the group must exist before it may have to be killed
  ::fcntl(command.out.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(command.err.get(), F_SETFL, O_NONBLOCK);
  commands_.push_back(std::move(command));
  return 0;
}

void Commands::add_to(std::vector<pollfd> &polled) const {
  for (const Command &command : commands_)
    for (const base::Descriptor *stream : {&command.out, &command.err})
      if (*stream && !command.ended) polled.push_back({stream->get(), POLLIN, 0});
}

void Commands::receive() {
  for (Command &command : commands_)
    if (!command.ended) read_streams(command);
}

void Commands::reaped(pid_t pid, int wait_status) {
  for (Command &command : commands_) {
    if (command.pid != pid || command.ended) continue;
    read_streams(command);  // all of its output is in the pipes by now
    command.ended = true;
    command.result.exit_status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
  }
}

std::vector<std::size_t> Commands::of_step(std::uint32_t step) const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < commands_.size(); ++i)
    if (commands_[i].step == step) places.push_back(i);
  return places;
}

std::vector<std::size_t> Commands::named(const std::string &name) const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < commands_.size(); ++i)
    if (commands_[i].name == name) places.push_back(i);
  return places;
}

void Commands::send(const Command &command, int signal) {
  // The number of a group that has ended can be another's by now.
  if (!command.ended) ::kill(-command.pid, signal);
}

void Commands::kill(const Command &command) {
  ::kill(-command.pid, SIGKILL);
}

void Commands::clear() {
  for (const Command &command : commands_) kill(command);
  commands_.clear();
}

}  // namespace kmodtest::guest
