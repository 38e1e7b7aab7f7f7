// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/procfs.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "text/number.hpp"

namespace kmodtest::shared {
namespace {

constexpr std::size_t kNameLength = 15;            // TASK_COMM_LEN without the final NUL
constexpr std::uint64_t kKernelThread = 0x200000;  // PF_KTHREAD of <linux/sched.h>, in field 9 of stat
constexpr std::int64_t kTick = 10'000;             // microseconds of a clock tick (USER_HZ is 100 everywhere)
constexpr int kLastCpu = 4095;

// Fields of /proc/PID/stat, counted from the first one after the name (man 5 proc counts that one as 3).
enum StatField : std::size_t {
  kState = 0,
  kPpid = 1,
  kFlags = 6,
  kNice = 16,
  kStartTime = 19,
  kProcessor = 36,
  kPriority = 37,
  kPolicy = 38,
  kStatFields = 39
};

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string_view> split_words(std::string_view text) {
  // A file of /proc has many short words: calls of the library for each cost more than this.
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
  std::vector<std::string_view> words;
  words.reserve(64);
  for (auto begin = text.begin(); begin != text.end();) {
    const auto end = std::find_if(begin, text.end(), is_blank);
    if (begin != end) words.emplace_back(begin, end);
    begin = end == text.end() ? end : end + 1;
  }
  return words;
}

/// Returns the text after "KEY:" at the start of a line of /proc/PID/status.
std::string_view status_value(std::string_view status, std::string_view key) {
  while (!status.empty()) {
    const std::size_t end = std::min(status.find('\n'), status.size());
    const std::string_view line = status.substr(0, end);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ':')
      return trim(line.substr(key.size() + 1));
    status.remove_prefix(std::min(end + 1, status.size()));
  }
  return {};
}

}  // namespace

std::optional<wire::ThreadRecord> parse_thread(std::string_view stat, std::string_view status, std::string_view comm,
                                               std::string_view wchan) {
  // The name can contain anything, so the fields after it are found from its last parenthesis.
  const std::size_t open = stat.find(" (");
  const std::size_t close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) return std::nullopt;
  const auto pid = text::whole_number<std::int32_t>(stat.substr(0, open));
  const std::vector<std::string_view> fields = split_words(stat.substr(close + 1));
  if (!pid || fields.size() < kStatFields || fields[kState].size() != 1) return std::nullopt;
  const auto ppid = text::whole_number<std::int32_t>(fields[kPpid]);
  const auto flags = text::whole_number<std::uint64_t>(fields[kFlags]);
  const auto start = text::whole_number<std::int64_t>(fields[kStartTime]);
  const auto cpu = text::whole_number<std::int32_t>(fields[kProcessor]);
  if (!ppid || !flags || !start || !cpu) return std::nullopt;
  // A time that does not fit into a clock of microseconds is invalid.
  if (*start < 0 || *start > std::numeric_limits<std::int64_t>::max() / kTick) return std::nullopt;

  wire::ThreadRecord thread;
  thread.pid = *pid;
  thread.ppid = *ppid;
  if (comm.ends_with('\n')) comm.remove_suffix(1);
  thread.full_name = std::string(comm.empty() ? stat.substr(open + 2, close - open - 2) : comm);
  thread.name = thread.full_name.substr(0, kNameLength);
  thread.state = fields[kState].front();
  thread.cpu = *cpu;
  thread.kernel_thread = (*flags & kKernelThread) != 0;
  thread.start_time = wire::Microseconds(*start * kTick);
  thread.tgid = text::whole_number<std::int32_t>(status_value(status, "Tgid")).value_or(*pid);
  thread.allowed_cpus = std::string(status_value(status, "Cpus_allowed_list"));
  thread.voluntary_switches =
      text::whole_number<std::uint64_t>(status_value(status, "voluntary_ctxt_switches")).value_or(0);
  thread.involuntary_switches =
      text::whole_number<std::uint64_t>(status_value(status, "nonvoluntary_ctxt_switches")).value_or(0);
  thread.nice = text::whole_number<std::int8_t>(fields[kNice]).value_or(0);
  thread.priority = text::whole_number<std::uint8_t>(fields[kPriority]).value_or(0);
  thread.policy = text::whole_number<std::uint8_t>(fields[kPolicy]).value_or(0);
  wchan = trim(wchan);
  if (wchan != "0") thread.waits_in = std::string(wchan);
  return thread;
}

std::string innermost_function(std::string_view stack) {
  constexpr std::string_view kAddress = "] ";  // "[<0>] kthread+0x118/0x140"
  stack = stack.substr(0, stack.find('\n'));
  const std::size_t address = stack.find(kAddress);
  if (address == std::string_view::npos) return {};
  stack.remove_prefix(address + kAddress.size());
  const std::size_t offset = stack.find("+0x");
  return offset == std::string_view::npos ? std::string() : std::string(stack.substr(0, offset));
}

std::optional<wire::ModuleRecord> parse_module_line(std::string_view line) {
  const std::vector<std::string_view> words = split_words(line);
  if (words.size() < 6) return std::nullopt;
  const auto size = text::whole_number<std::uint64_t>(words[1]);
  const auto users = words[2] == "-" ? std::optional<std::int32_t>(-1) : text::whole_number<std::int32_t>(words[2]);
  constexpr std::string_view kHex = "0x";
  if (!size || !users || !words[5].starts_with(kHex)) return std::nullopt;
  const auto address = text::whole_number<std::uint64_t>(words[5].substr(kHex.size()), 16);
  if (!address) return std::nullopt;

  wire::ModuleRecord module;
  module.name = std::string(words[0]);
  module.size = *size;
  module.users = *users;
  module.state = std::string(words[4]);
  module.address = *address;
  // "-" or "user,user,"; a module without an exit function has "[permanent]" in it, which is not a dependant.
  std::string_view dependants = words[3];
  while (!dependants.empty() && words[3] != "-") {
    const std::size_t comma = std::min(dependants.find(','), dependants.size());
    const std::string_view name = dependants.substr(0, comma);
    if (!name.empty() && name != "[permanent]") module.used_by.emplace_back(name);
    dependants.remove_prefix(std::min(comma + 1, dependants.size()));
  }
  if (words.size() > 6 && words[6].size() > 2 && words[6].starts_with('(') && words[6].ends_with(')'))
    module.taint = std::string(words[6].substr(1, words[6].size() - 2));
  return module;
}

std::optional<std::vector<int>> parse_cpu_list(std::string_view list) {
  std::vector<int> cpus;
  list = trim(list);
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view range = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    if (comma != std::string_view::npos && list.empty()) return std::nullopt;
    const std::size_t dash = range.find('-');
    const auto first = text::whole_number<int>(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : text::whole_number<int>(range.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last > kLastCpu) return std::nullopt;
    for (int cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    // "0-4095,0-4095,…" must not grow without limit.
    if (cpus.size() > kLastCpu + 1u) {
      std::sort(cpus.begin(), cpus.end());
      cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
    }
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

std::string format_cpu_list(std::vector<int> cpus) {
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  std::string list;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t end = i + 1;
    while (end < cpus.size() && cpus[end] == cpus[end - 1] + 1) ++end;
    if (!list.empty()) list += ',';
    list += std::to_string(cpus[i]);
    if (end - i > 1) list += '-' + std::to_string(cpus[end - 1]);
    i = end;
  }
  return list;
}

bool same_cpus(std::string_view left, std::string_view right) {
  const auto left_cpus = parse_cpu_list(left);
  const auto right_cpus = parse_cpu_list(right);
  return left_cpus && right_cpus && *left_cpus == *right_cpus;
}

std::string render_ps(const std::vector<wire::ThreadRecord> &threads) {
  std::string text = "    PID STAT PSR COMMAND\n";
  for (const wire::ThreadRecord &thread : threads) {
    char columns[48];
    std::snprintf(columns, sizeof columns, "%7d %-4c %3d ", thread.pid, thread.state, thread.cpu);
    text += columns + (thread.full_name.empty() ? thread.name : thread.full_name) + '\n';
  }
  return text;
}

std::string render_lsmod(const std::vector<wire::ModuleRecord> &modules) {
  std::string text = "Module                  Size  Used by\n";
  constexpr std::size_t kNameColumn = 19;
  for (const wire::ModuleRecord &module : modules) {
    char columns[64];
    std::snprintf(columns, sizeof columns, " %8llu  %d", static_cast<unsigned long long>(module.size), module.users);
    text += module.name;
    if (module.name.size() < kNameColumn) text.append(kNameColumn - module.name.size(), ' ');
    text += columns;
    for (std::size_t i = 0; i < module.used_by.size(); ++i) text += (i == 0 ? " " : ",") + module.used_by[i];
    text += '\n';
  }
  return text;
}

}  // namespace kmodtest::shared
