// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/hang.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

#include "judge/blocked.hpp"

namespace kmodtest::judge {
namespace {

constexpr std::size_t kShownTasks = 4;

const Stuck *find(const std::vector<Stuck> &tasks, int pid) {
  const auto found = std::find_if(tasks.begin(), tasks.end(), [pid](const Stuck &task) { return task.pid == pid; });
  return found == tasks.end() ? nullptr : &*found;
}

std::string in(const std::string &place) {
  return place.empty() ? std::string() : " in " + place;
}

/// Returns the tasks that wait for each other in a ring, or the one that waits for itself; empty if there are none.
std::vector<int> ring_of(const std::vector<LockWait> &locks) {
  std::map<int, int> owner_of;
  for (const LockWait &lock : locks) owner_of.emplace(lock.pid, lock.owner);
  for (const LockWait &lock : locks) {
    std::vector<int> path{lock.pid};
    for (auto next = owner_of.find(lock.pid); next != owner_of.end(); next = owner_of.find(next->second)) {
      if (next->second == lock.pid) return path;
      if (std::find(path.begin(), path.end(), next->second) != path.end()) break;
      path.push_back(next->second);
    }
  }
  return {};
}

struct Cause {
  std::string words = {};                 ///< empty if not known
  std::vector<const Stuck *> whose = {};  ///< the tasks that it mentions
  bool deadlock = false;
};

std::string name_of(int pid, const std::vector<Stuck> &tasks) {
  const Stuck *task = find(tasks, pid);
  return task == nullptr ? fmt::format("pid {}", pid) : task->who() + in(task->where());
}

Cause deadlock(const std::vector<LockWait> &locks, const std::vector<Stuck> &tasks) {
  const std::vector<int> ring = ring_of(locks);
  if (ring.empty()) return {};
  Cause cause;
  cause.deadlock = true;
  for (const int pid : ring) {
    if (const Stuck *task = find(tasks, pid)) cause.whose.push_back(task);
  }
  if (ring.size() == 1) {
    cause.words = fmt::format("deadlock: {} waits for a mutex that it holds itself", name_of(ring.front(), tasks));
    return cause;
  }
  std::vector<std::string> names;
  for (const int pid : ring) names.push_back(name_of(pid, tasks));
  cause.words = ring.size() == 2
                    ? fmt::format("deadlock: {} and {} each wait for a mutex that the other holds", names[0], names[1])
                    : fmt::format("deadlock: {} wait for each other's mutexes in a ring", fmt::join(names, ", "));
  return cause;
}

/// Returns whose call did not return, and why.
Cause stuck_call(const std::vector<LockWait> &locks, const std::vector<Stuck> &tasks, int caller) {
  const Stuck *task = find(tasks, caller);
  if (task == nullptr) return {};
  Cause cause{.words = "it " + task->what(), .whose = {task}};
  for (const LockWait &lock : locks) {
    if (lock.pid != caller) continue;
    cause.words += ", which " + name_of(lock.owner, tasks) + " holds";
    if (const Stuck *owner = find(tasks, lock.owner)) cause.whose.push_back(owner);
    return cause;
  }
  if (!task->waits_for_thread()) return cause;
  // The thread that must end is one of those that are still in the module.
  std::vector<std::string> threads;
  for (const Stuck &other : tasks) {
    if (other.pid == caller || !other.in_module()) continue;
    threads.push_back(other.who() + " " + other.what());
    cause.whose.push_back(&other);
  }
  if (!threads.empty()) cause.words += fmt::format("; {}", fmt::join(threads, "; "));
  return cause;
}

Cause cause_of(const CaseView &view, const std::vector<Stuck> &tasks, const std::vector<Stuck> &cpus) {
  std::vector<LockWait> locks;
  if (view.seen.dissection) locks = view.seen.dissection->locks;
  if (Cause found = deadlock(locks, tasks); !found.words.empty()) return found;
  if (view.autopsy != nullptr) return stuck_call(locks, tasks, view.autopsy->caller);
  if (cpus.empty()) return {};
  return {.words = fmt::format("{} {}", cpus.front().who(), cpus.front().what()), .whose = {&cpus.front()}};
}

/// Returns the tasks that the cause mentions, then others that are blocked.
std::vector<std::string> listings(const Cause &cause, const std::vector<Stuck> &tasks) {
  std::vector<std::string> all;
  for (const Stuck *task : cause.whose) all.push_back(task->listing());
  std::size_t shown = 0;
  for (const Stuck &task : tasks) {
    const bool known = std::find(cause.whose.begin(), cause.whose.end(), &task) != cause.whose.end();
    if (known || (task.state != 'D' && !task.in_module())) continue;
    if (++shown > kShownTasks) break;
    all.push_back(task.listing());
  }
  return all;
}

constexpr const char *kLockdepHint =
    "a kernel with lockdep (CONFIG_PROVE_LOCKING) names the locks and where each was taken";

}  // namespace

void explain_hang(const CaseView &view, Finding &finding) {
  const bool hung = finding.outcome == Outcome::hung;
  if (!hung && view.autopsy == nullptr) return;
  const std::vector<Stuck> tasks = stuck_tasks(view);
  const std::vector<Stuck> cpus = busy_cpus(view);
  const Cause cause = cause_of(view, tasks, cpus);
  if (!hung && !cause.deadlock) return;
  finding.outcome = Outcome::hung;
  auto &evidence = finding.evidence;
  if (!cause.words.empty()) evidence.summary += ": " + cause.words;
  if (cause.deadlock && plan_hint(evidence).empty()) evidence.hint = kLockdepHint;
  for (auto &listing : listings(cause, tasks)) evidence.details.push_back(std::move(listing));
}

void explain_crash_elsewhere(const CaseView &view, Finding &finding) {
  if (finding.outcome != Outcome::crashed || finding.names_module || !view.open_step()) return;
  const std::vector<Stuck> tasks = stuck_tasks(view);
  const auto waiting = std::find_if(tasks.begin(), tasks.end(), [](const Stuck &task) {
    return task.in_module() && (task.state == 'D' || task.state == 'S');
  });
  if (waiting == tasks.end()) return;
  finding.evidence.summary += fmt::format("; meanwhile {} {}", waiting->who(), waiting->what());
  finding.evidence.details.push_back(waiting->listing());
}

std::optional<Finding> find_deadlock(const CaseView &view) {
  if (!view.seen.dissection) return std::nullopt;
  const std::vector<Stuck> tasks = stuck_tasks(view);
  const Cause cause = deadlock(view.seen.dissection->locks, tasks);
  if (!cause.deadlock) return std::nullopt;
  Finding finding{.outcome = Outcome::hung};
  finding.evidence.summary = cause.words;
  finding.evidence.expected = "no task that waits indefinitely";
  finding.evidence.details = listings(cause, tasks);
  finding.evidence.hint = kLockdepHint;
  return finding;
}

}  // namespace kmodtest::judge
