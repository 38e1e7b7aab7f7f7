// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/command_launcher.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "text/escape.hpp"
#include "text/replace.hpp"

namespace kmodtest::shards {

namespace {

/// Runs in the child. Calls only what is allowed between fork(2) and execve(2).
[[noreturn]] void become(const char *command, int log) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setpgid(0, 0);
  const int empty = ::open("/dev/null", O_RDONLY);
  ::dup2(empty, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execl("/bin/sh", "sh", "-c", command, static_cast<char *>(nullptr));
  ::_exit(127);
}

pid_t start_command(const std::string &command, const Job &job) {
  const base::Descriptor log(::open(job.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (log.get() < 0) {
    throw base::Error(base::Code::cannot_write,
                      fmt::format("cannot write '{}': {}", job.log.string(), std::strerror(errno)));
  }
  const pid_t pid = ::fork();
  if (pid == 0) become(command.c_str(), log.get());
  if (pid < 0) {
    throw base::Error(base::Code::cannot_start_program,
                      fmt::format("cannot start shard {}: {}", job.shard, std::strerror(errno)));
  }
  ::setpgid(pid, pid);
  return pid;
}

}  // namespace

void CommandLauncher::start(const std::vector<Job> &jobs) {
  for (const Job &job : jobs) {
    const std::string script = text::shell_word(job.script.string());
    running_[job.shard] = start_command(text::replaced(command_, "{}", script), job);
    states_[job.shard] = JobState::running;
  }
}

std::map<int, JobState> CommandLauncher::states() {
  for (auto each = running_.begin(); each != running_.end();) {
    int status = 0;
    const pid_t ended = ::waitpid(each->second, &status, WNOHANG);
    if (ended == 0) {
      ++each;
      continue;
    }
    states_[each->first] = JobState::ended;
    each = running_.erase(each);
  }
  return states_;
}

void CommandLauncher::cancel() {
  for (const auto &[shard, pid] : running_) ::kill(-pid, SIGTERM);
  for (const auto &[shard, pid] : running_) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    states_[shard] = JobState::ended;
  }
  running_.clear();
}

}  // namespace kmodtest::shards
