// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool_run.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace kmodtest::bench {

namespace {

using Clock = std::chrono::steady_clock;

/// The most resident memory that the process ever had so far (man 5 proc, VmHWM); 0 when it is gone.
long peak_kib_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(std::strlen("VmHWM:")));
  }
  return 0;
}

pid_t spawn(const std::filesystem::path &program, const std::vector<std::string> &arguments,
            const std::filesystem::path &output) {
  std::vector<std::string> words = {program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> argv;
  for (std::string &word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + program.string() + ": " + std::strerror(error));
  return pid;
}

std::string content_of(const std::filesystem::path &file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

void read_events(const std::filesystem::path &file, ToolRun &run) {
  std::ifstream events(file);
  for (std::string line; std::getline(events, line);) {
    const auto event = nlohmann::json::parse(line);
    const std::string kind = event.value("event", "");
    if (kind == "RunStarted") run.hypervisor = event.at("hypervisor");
    if (kind == "CaseFinished") {
      run.cases.push_back({event.at("id"), event.at("outcome"), event.at("took"), event.at("timings")});
    }
  }
}

}  // namespace

ToolRun run_tool(const std::filesystem::path &program, std::vector<std::string> arguments,
                 const std::filesystem::path &scratch) {
  constexpr auto kSampleEvery = std::chrono::milliseconds(10);
  const std::filesystem::path events = scratch / "events.jsonl";
  const std::filesystem::path output = scratch / "output.txt";
  std::filesystem::remove(events);
  arguments.push_back("--json");
  arguments.push_back(events.string());

  ToolRun run;
  const auto start = Clock::now();
  const pid_t pid = spawn(program, arguments, output);
  int status = 0;
  // The mark only ever rises, so what is lost is what the last few milliseconds added.
  while (waitpid(pid, &status, WNOHANG) == 0) {
    run.peak_kib = std::max(run.peak_kib, peak_kib_of(pid));
    std::this_thread::sleep_for(kSampleEvery);
  }
  run.wall = std::chrono::duration<double>(Clock::now() - start).count();
  run.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.output = content_of(output);
  read_events(events, run);
  if (run.cases.empty()) {
    throw std::runtime_error(program.string() + " ran no case (exit " + std::to_string(run.exit_status) + "):\n" +
                             run.output);
  }
  return run;
}

}  // namespace kmodtest::bench
