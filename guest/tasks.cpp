// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks.hpp"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "base/descriptor.hpp"
#include "folder.hpp"
#include "kept_mounts.hpp"
#include "sample.hpp"
#include "shared/procfs.hpp"
#include "system.hpp"
#include "text/number.hpp"

namespace kmodtest::guest {
namespace {

constexpr std::string_view kWorker = "kworker/";

/// Returns whether a glob can match names that begin with `start`.
bool can_begin_with(std::string_view glob, std::string_view start) {
  const std::string_view fixed = glob.substr(0, std::min(glob.find_first_of("*?[\\"), start.size()));
  return start.starts_with(fixed);
}

std::string folder_of(std::int32_t pid) {
  return "/proc/" + std::to_string(pid);
}

/// Reads what /proc/PID/stat has of a task; nothing if it has ended.
std::optional<wire::ThreadRecord> read_brief(const std::string &stat) {
  return shared::parse_thread(stat, {}, {}, {});
}

}  // namespace

std::vector<ProcessFolder> list_processes() {
  std::vector<ProcessFolder> processes;
  const base::Descriptor folder(open_kept("/proc", O_RDONLY | O_DIRECTORY));
  for_each_entry(read_folder(folder.get()).value_or(""), [&](const FolderEntry &entry, const char *name) {
    if (const auto pid = text::whole_number<std::int32_t>(name)) processes.push_back({*pid, entry.inode});
  });
  return processes;
}

std::string last_pid() {
  const std::string line = read_line("/proc/loadavg");
  return line.substr(line.rfind(' ') + 1);
}

bool is_pool_worker(const wire::ThreadRecord &thread) {
  const std::string_view name = thread.full_name;
  return name.starts_with(kWorker) && !name.substr(kWorker.size()).starts_with("R-");
}

std::vector<wire::ThreadRecord> KernelThreads::find() {
  std::vector<wire::ThreadRecord> found;
  for (const ProcessFolder &process : list_processes()) {
    const auto seen = seen_.find(process.pid);
    if (seen != seen_.end() && seen->second.inode == process.inode) continue;
    const std::string folder = folder_of(process.pid);
    const std::string stat = read_file((folder + "/stat").c_str()).content;
    const auto brief = read_brief(stat);
    if (!brief) continue;
    const wire::ThreadRecord *known = find_known(*brief);
    if (known != nullptr || !brief->kernel_thread || is_pool_worker(*brief)) {
      seen_[process.pid] = {process.inode, known};
    } else if (auto thread = read_thread(folder, stat)) {
      found.push_back(std::move(*thread));
    }
  }
  return found;
}

const wire::ThreadRecord *KernelThreads::find_known(const wire::ThreadRecord &thread) const {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const wire::ThreadRecord &known) {
    return known.pid == thread.pid && known.start_time == thread.start_time;
  });
  return found == known_.end() ? nullptr : &*found;
}

const wire::ThreadRecord *KernelThreads::known_in(const ProcessFolder &folder) const {
  const auto seen = seen_.find(folder.pid);
  return seen != seen_.end() && seen->second.inode == folder.inode ? seen->second.known : nullptr;
}

ThreadSearch::ThreadSearch(const wire::ThreadCondition &condition, const KernelThreads &threads,
                           std::vector<std::int32_t> own)
    : condition_(condition),
      threads_(threads),
      own_(std::move(own)),
      workers_are_meant_(can_begin_with(condition.thread, kWorker)) {}

void ThreadSearch::list_candidates() {
  candidates_.clear();
  for (const ProcessFolder &process : list_processes()) {
    const auto other = others_.find(process.pid);
    if (other != others_.end() && other->second == process.inode) continue;
    const wire::ThreadRecord *known = threads_.known_in(process);
    if (known != nullptr && !shared::is_meant(condition_, *known))
      others_[process.pid] = process.inode;
    else
      candidates_.push_back(process);
  }
}

/// Returns whether this task can never be meant. A new kernel thread is named kthreadd until it gets its own name.
bool ThreadSearch::is_out(const wire::ThreadRecord &task) const {
  if (shared::is_meant(condition_, task)) return false;
  if (!task.kernel_thread) return std::find(own_.begin(), own_.end(), task.pid) != own_.end();
  return is_pool_worker(task) ? !workers_are_meant_ : !task.full_name.starts_with("kthreadd");
}

void ThreadSearch::find_in(const std::string &process, std::vector<wire::ThreadRecord> &found) const {
  for (const std::string &task : list_folder((process + "/task").c_str())) {
    const std::string folder = process + "/task/" + task;
    const std::string stat = read_file((folder + "/stat").c_str()).content;
    const auto brief = read_brief(stat);
    if (!brief || !shared::is_meant(condition_, *brief)) continue;
    if (auto thread = read_thread(folder, stat)) found.push_back(std::move(*thread));
  }
}

std::vector<wire::ThreadRecord> ThreadSearch::find() {
  // Read before the list: a process that appears between them is listed now and leads to another list.
  std::string newest = last_pid();
  if (newest != last_pid_) list_candidates();
  last_pid_ = std::move(newest);
  std::vector<wire::ThreadRecord> found;
  const auto look = [&](const ProcessFolder &process) {
    const std::string folder = folder_of(process.pid);
    const std::string stat = read_file((folder + "/stat").c_str()).content;
    const auto brief = read_brief(stat);
    if (!brief) return true;  // it has ended
    if (is_out(*brief)) {
      others_[process.pid] = process.inode;
      return true;
    }
    if (!brief->kernel_thread) {
      find_in(folder, found);
    } else if (shared::is_meant(condition_, *brief)) {
      if (auto thread = read_thread(folder, stat)) found.push_back(std::move(*thread));
    }
    return false;
  };
  candidates_.erase(std::remove_if(candidates_.begin(), candidates_.end(), look), candidates_.end());
  return found;
}

}  // namespace kmodtest::guest
