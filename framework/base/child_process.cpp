// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/process.hpp"

namespace kmodtest::base {

namespace {

/// Runs in the child. Calls only what is allowed between fork(2) and execve(2).
[[noreturn]] void become_child(const char *program, char *const *arguments, const std::array<int, 3> &files) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(number, SIG_DFL);
  ::setpgid(0, 0);
  const int null = ::open("/dev/null", O_RDWR);
  for (int number = 0; number < 3; ++number) {
    const int from = files[static_cast<std::size_t>(number)];
    ::dup2(from < 0 ? null : from, number);
  }
  ::execv(program, arguments);
  ::_exit(127);
}

int code_of_status(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments, const ChildFiles &files) {
  const auto program = program_in_path(arguments.front());
  const std::string path = program.value_or(arguments.front());
  if (!program && path.find('/') == std::string::npos)
    throw Error(Code::no_program, fmt::format("there is no program '{}' on this machine", path),
                "install it, or add its folder to PATH");
  std::vector<char *> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string &argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) become_child(path.c_str(), pointers.data(), {files.in, files.out, files.err});
  if (pid_ < 0) {
    throw Error(Code::cannot_start_program, fmt::format("cannot start {}: {}", path, std::strerror(errno)),
                "end other programs, or raise the limit of processes (ulimit -u)");
  }
  ::setpgid(pid_, pid_);
}

ChildProcess::~ChildProcess() {
  if (ended()) return;
  signal(SIGTERM);
  if (wait(kPatience)) return;
  signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::optional<int> ChildProcess::ended() {
  if (status_) return status_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) status_ = code_of_status(status);
  return status_;
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds most) {
  const Descriptor process = open_process(pid_);
  const auto end = std::chrono::steady_clock::now() + most;
  while (!ended()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    pollfd polled{process.get(), POLLIN, 0};
    ::poll(&polled, 1, static_cast<int>(left.count()));
  }
  return status_;
}

void ChildProcess::signal(int number) {
  if (!ended()) ::kill(-pid_, number);
}

}  // namespace kmodtest::base
