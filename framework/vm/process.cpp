// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.hpp"

namespace kmodtest::vm {

std::string read_process_file(int pid, const std::string &file) {
  // Not by an iterator: that throws if reading fails, as it does for a process that ends after the opening (ESRCH).
  std::ostringstream text;
  text << std::ifstream("/proc/" + std::to_string(pid) + "/" + file).rdbuf();
  return text.str();
}

std::optional<ProcessStat> parse_stat(const std::string &text) {
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  ProcessStat stat;
  stat.pid = std::atoi(text.c_str());
  stat.name = text.substr(open + 1, close - open - 1);
  std::istringstream rest(text.substr(close + 1));
  std::string skipped;
  rest >> stat.state >> stat.parent >> skipped >> stat.session;
  for (int field = 7; field <= 21; ++field) rest >> skipped;
  rest >> stat.start_time;
  if (!rest || stat.pid <= 0) return std::nullopt;
  return stat;
}

std::optional<ProcessStat> process_stat(int pid) {
  return parse_stat(read_process_file(pid, "stat"));
}

std::chrono::nanoseconds kept_waiting(int pid) {
  std::chrono::nanoseconds longest{0};
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  std::error_code error;
  for (std::filesystem::directory_iterator entry(tasks, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::istringstream counts(read_process_file(pid, "task/" + entry->path().filename().string() + "/schedstat"));
    std::int64_t ran = 0;
    std::int64_t waited = 0;
    if (counts >> ran >> waited) longest = std::max(longest, std::chrono::nanoseconds(waited));
  }
  return longest;
}

std::vector<ProcessStat> all_processes() {
  std::vector<ProcessStat> processes;
  std::error_code error;
  for (const auto &entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    if (auto stat = process_stat(std::atoi(name.c_str()))) processes.push_back(*std::move(stat));
  }
  return processes;
}

std::string command_line(int pid) {
  std::string line = read_process_file(pid, "cmdline");
  std::replace(line.begin(), line.end(), '\0', ' ');
  return line;
}

bool end_process(int pid, std::chrono::milliseconds patience, int signal) {
  if (pid <= 0) return true;
  const base::Descriptor process = base::open_process(pid);
  if (!process) return errno == ESRCH;
  ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
  pollfd wait{process.get(), POLLIN, 0};
  const bool gone = ::poll(&wait, 1, static_cast<int>(patience.count())) == 1;
  if (gone) ::waitpid(pid, nullptr, WNOHANG);
  return gone;
}

}  // namespace kmodtest::vm
