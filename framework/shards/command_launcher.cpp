// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/command_launcher.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "text/escape.hpp"
#include "text/replace.hpp"

namespace kmodtest::shards {

namespace {

std::unique_ptr<base::ChildProcess> start_command(const std::string &command, const Job &job) {
  const base::Descriptor log(::open(job.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (!log) {
    throw base::Error(base::Code::cannot_write,
                      fmt::format("cannot write '{}': {}", job.log.string(), std::strerror(errno)));
  }
  const base::ChildFiles files{.in = -1, .out = log.get(), .err = log.get()};
  return std::make_unique<base::ChildProcess>(std::vector<std::string>{"/bin/sh", "-c", command}, files);
}

}  // namespace

void CommandLauncher::start(const std::vector<Job> &jobs) {
  for (const Job &job : jobs) {
    const std::string script = text::shell_word(job.script.string());
    running_[job.shard] = start_command(text::replaced(command_, "{}", script), job);
  }
}

std::map<int, JobState> CommandLauncher::states() {
  std::map<int, JobState> states;
  for (const auto &[shard, process] : running_) states[shard] = process->ended() ? JobState::ended : JobState::running;
  return states;
}

void CommandLauncher::cancel() {
  for (const auto &[shard, process] : running_) process->signal(SIGTERM);
  for (const auto &[shard, process] : running_) process->wait(kToEnd);
}

}  // namespace kmodtest::shards
