// SPDX-License-Identifier: GPL-2.0-or-later
#include "autopsy.hpp"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "base/descriptor.hpp"
#include "kept_mounts.hpp"
#include "sample.hpp"
#include "system.hpp"

namespace kmodtest::guest {
namespace {

// More than any module leaves behind; further tasks add nothing.
constexpr std::size_t kMostTasks = 100;
constexpr std::size_t kLongestStack = 8u << 10;

bool has_frame_in(const std::string &stack, const std::vector<std::string> &modules) {
  return std::any_of(modules.begin(), modules.end(),
                     [&](const std::string &module) { return stack.find(" [" + module + "]") != std::string::npos; });
}

bool is_known(const wire::ThreadRecord &task, const std::vector<wire::ThreadRecord> &known) {
  return std::any_of(known.begin(), known.end(), [&](const wire::ThreadRecord &thread) {
    return thread.pid == task.pid && thread.start_time == task.start_time;
  });
}

}  // namespace

std::vector<wire::TaskStack> list_stuck_tasks(std::int32_t caller, const std::vector<wire::ThreadRecord> &known,
                                              const std::vector<std::string> &modules) {
  std::vector<wire::TaskStack> found;
  for (const std::string &process : list_folder("/proc")) {
    if (process.find_first_not_of("0123456789") != std::string::npos) continue;
    for (const std::string &name : list_folder(("/proc/" + process + "/task").c_str())) {
      const std::string folder = "/proc/" + process + "/task/" + name;
      auto task = read_task(folder);
      if (!task || task->pid == ::getpid()) continue;
      std::string stack = read_file((folder + "/stack").c_str(), kLongestStack).content;
      const bool meant = task->pid == caller || task->state == 'D' || has_frame_in(stack, modules) ||
                         (task->kernel_thread && !is_pool_worker(*task) && !is_known(*task, known));
      if (meant && found.size() < kMostTasks) found.push_back({std::move(*task), std::move(stack)});
    }
  }
  return found;
}

void ask_kernel_for_traces(const std::vector<wire::TaskStack> &tasks) {
  const auto any = [&tasks](char state) {
    return std::any_of(tasks.begin(), tasks.end(),
                       [state](const wire::TaskStack &one) { return one.task.state == state; });
  };
  for (const auto &[request, state] : {std::pair("l", 'R'), std::pair("w", 'D')}) {
    const base::Descriptor trigger(any(state) ? open_kept("/proc/sysrq-trigger", O_WRONLY) : -1);
    if (trigger) write_all(trigger.get(), request);
  }
}

}  // namespace kmodtest::guest
