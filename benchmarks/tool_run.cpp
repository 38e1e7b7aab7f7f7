// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool_run.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "processes.hpp"

namespace kmodtest::bench {

namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t the_interrupts = 0;

pid_t spawn(const std::filesystem::path &program, const std::vector<std::string> &arguments,
            const std::filesystem::path &output) {
  std::vector<std::string> words = {program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> argv;
  argv.reserve(words.size() + 1);
  for (std::string &word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
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
    // A skipped case takes no time and would lower medians.
    if (kind == "CaseFinished" && event.at("outcome") != "skipped") {
      const auto &digest = event.at("digest");
      run.cases.push_back({event.at("id"), event.at("outcome"), event.at("took"), event.at("timings"),
                           digest.is_null() ? std::string() : digest.get<std::string>(),
                           event.at("artifacts").get<std::string>()});
    }
  }
}

/// Returns nothing if a QEMU could not be read: it was ending, or belongs to another user.
std::optional<MemorySample> sample_guests(pid_t controller) {
  MemorySample sample;
  for (const pid_t emulator : emulators_of(controller)) {
    const auto pss = pss_kib_of(emulator);
    if (!pss) return std::nullopt;
    ++sample.guests;
    sample.pss_kib += *pss;
  }
  if (sample.guests == 0) return std::nullopt;
  return sample;
}

/// Returns whether the process has ended, without reaping it: its status is needed later.
bool ended(pid_t pid) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

/// Samples the process until it ends. The end is signalled, not polled for, so that the wall time is exact.
void watch_until_end(pid_t pid, Watch watch, ToolRun &run) {
  constexpr int kPeakEveryMs = 10;
  constexpr auto kGuestsEvery = std::chrono::milliseconds(50);
  // Called by number: the header of glibc 2.36 declares pidfd_open() as a C++ function.
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (descriptor < 0) throw std::runtime_error(std::string("cannot watch a process: ") + std::strerror(errno));
  pollfd end{descriptor, POLLIN, 0};
  auto next = Clock::now() + kGuestsEvery;
  // The mark only ever rises, so only the growth in the last few milliseconds is lost.
  while (poll(&end, 1, kPeakEveryMs) <= 0) {  // a signal is not the end
    run.peak_kib = std::max(run.peak_kib, peak_kib_of(pid));
    if (watch != Watch::guests || Clock::now() < next) continue;
    if (const auto sample = sample_guests(pid)) run.memory.push_back(*sample);
    next = Clock::now() + kGuestsEvery;
  }
  close(descriptor);
}

}  // namespace

void watch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { the_interrupts = 1; };
  action.sa_flags = SA_RESTART;  // exec restores the default for started programs
  sigaction(SIGINT, &action, nullptr);
}

ToolRun run_program(const std::filesystem::path &program, const std::vector<std::string> &arguments,
                    const std::filesystem::path &scratch, Watch watch) {
  const std::filesystem::path output = scratch / "output.txt";
  ToolRun run;
  const auto start = Clock::now();
  const pid_t pid = spawn(program, arguments, output);
  watch_until_end(pid, watch, run);
  run.wall = std::chrono::duration<double>(Clock::now() - start).count();
  int status = 0;
  waitpid(pid, &status, 0);
  run.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.output = content_of(output);
  if (the_interrupts != 0) throw Interrupted();
  return run;
}

ToolRun run_tool(const std::filesystem::path &program, std::vector<std::string> arguments,
                 const std::filesystem::path &scratch, Watch watch) {
  const std::filesystem::path events = scratch / "events.jsonl";
  std::filesystem::remove(events);
  arguments.emplace_back("--json");
  arguments.push_back(events.string());
  ToolRun run = run_program(program, arguments, scratch, watch);
  read_events(events, run);
  if (run.cases.empty()) {
    throw std::runtime_error(program.string() + " ran no case (exit " + std::to_string(run.exit_status) + "):\n" +
                             run.output);
  }
  return run;
}

Background::Background(const std::filesystem::path &program, const std::vector<std::string> &arguments,
                       const std::filesystem::path &scratch)
    : output_(scratch / "background.txt"), pid_(spawn(program, arguments, output_)) {}

Background::~Background() {
  if (pid_ > 0) interrupt();
}

double Background::until_printed(const std::string &text, std::size_t times, Clock::time_point start) const {
  constexpr auto kPatience = std::chrono::minutes(1);
  constexpr int kLookEveryMs = 1;
  while (true) {
    const std::string printed = content_of(output_);
    const auto now = Clock::now();
    std::size_t found = 0;
    for (std::size_t at = 0; (at = printed.find(text, at)) != std::string::npos; at += text.size()) ++found;
    if (found >= times) return std::chrono::duration<double>(now - start).count();
    if (the_interrupts != 0) throw Interrupted();
    if (now - start > kPatience || ended(pid_)) {
      throw std::runtime_error("the program does not print '" + text + "':\n" + printed);
    }
    poll(nullptr, 0, kLookEveryMs);
  }
}

int Background::interrupt() {
  int status = 0;
  kill(pid_, SIGINT);
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ToolRun read_run(const std::filesystem::path &events) {
  ToolRun run;
  read_events(events, run);
  return run;
}

}  // namespace kmodtest::bench
