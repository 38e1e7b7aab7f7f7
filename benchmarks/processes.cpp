// SPDX-License-Identifier: GPL-2.0-or-later
#include "processes.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace kmodtest::bench {

namespace {

std::filesystem::path folder_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

/// Returns a figure in KiB from a file of "NAME:  NUMBER kB" lines.
std::optional<long> kib_in(const std::filesystem::path &file, const std::string &name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) return std::stol(line.substr(name.size() + 1));
  }
  return std::nullopt;
}

std::string content_of(const std::filesystem::path &file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    const bool number = std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (number) pids.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return pids;
}

/// Parses "PID (NAME) STATE PPID …". The name can contain anything, so the last parenthesis ends it.
bool is_emulator_of(pid_t pid, pid_t controller) {
  const std::string stat = content_of(folder_of(pid) / "stat");
  const auto begin = stat.find('(');
  const auto end = stat.rfind(')');
  if (begin == std::string::npos || end == std::string::npos) return false;
  if (stat.compare(begin + 1, std::string("qemu-system").size(), "qemu-system") != 0) return false;
  std::istringstream rest(stat.substr(end + 1));
  char state = 0;
  pid_t parent = 0;
  rest >> state >> parent;
  return parent == controller;
}

}  // namespace

long peak_kib_of(pid_t pid) {
  return kib_in(folder_of(pid) / "status", "VmHWM").value_or(0);
}

std::optional<long> pss_kib_of(pid_t pid) {
  return kib_in(folder_of(pid) / "smaps_rollup", "Pss");
}

std::vector<pid_t> emulators_of(pid_t controller) {
  std::vector<pid_t> pids = all_processes();
  std::erase_if(pids, [controller](pid_t pid) { return !is_emulator_of(pid, controller); });
  return pids;
}

std::vector<pid_t> processes_in(const std::filesystem::path &folder) {
  std::vector<pid_t> pids = all_processes();
  std::erase_if(pids, [&folder](pid_t pid) {
    return pid == ::getpid() || content_of(folder_of(pid) / "cmdline").find(folder.string()) == std::string::npos;
  });
  return pids;
}

}  // namespace kmodtest::bench
