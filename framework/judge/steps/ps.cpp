// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"
#include "shared/procfs.hpp"
#include "shared/thread_words.hpp"

namespace kmodtest::judge {
namespace {

std::string expected_words(const wire::ThreadCondition &condition) {
  if (condition.absent) return "no thread '" + condition.thread + "'";
  std::string text = "thread '" + condition.thread + "'";
  if (condition.count) text += ", " + range_words(*condition.count) + " of them";
  if (!condition.states.empty()) text += ", in state " + fmt::format("{}", fmt::join(condition.states, " or "));
  if (condition.cpus) text += ", last ran on CPU " + *condition.cpus;
  if (condition.allowed) text += ", may run on CPU " + *condition.allowed + " only";
  std::string policies;
  for (const auto policy : condition.policies)
    policies += (policies.empty() ? "" : " or ") + shared::policy_name(policy);
  if (!policies.empty()) text += ", with the policy " + policies;
  if (condition.priority) text += ", with the priority " + range_words(*condition.priority);
  if (condition.nice) text += ", with the nice value " + range_words(*condition.nice);
  return text;
}

/// Returns true for kernels that cut a kthread's name at 15 characters (before 5.17).
bool cuts_names(const std::optional<wire::AgentInfo> &agent) {
  int major = 0, minor = 0;
  if (!agent || std::sscanf(agent->kernel_release.c_str(), "%d.%d", &major, &minor) != 2) return false;
  return major < 5 || (major == 5 && minor < 17);
}

}  // namespace

Reading read(const StepView &view, const wire::ThreadCondition &condition) {
  const auto messages = view.of<wire::Threads>();
  std::vector<Sample> samples;
  samples.reserve(messages.size());
  for (const auto *message : messages)
    samples.push_back({message->time, shared::evaluate(condition, message->threads)});
  Reading reading = read_samples(view, samples);
  if (reading.state != Reading::State::broken) return reading;
  reading.expected = expected_words(condition);
  std::vector<wire::ThreadRecord> meant;
  for (const auto &thread : messages.back()->threads) {
    if (shared::is_meant(condition, thread)) meant.push_back(thread);
  }
  reading.seen = meant.empty() ? "no such thread" : shared::render_ps(meant);
  reading.details.push_back(shared::render_ps(messages.back()->threads));
  const std::string &name = condition.thread;
  if (meant.empty() && name.size() > 15 && cuts_names(view.all.seen.agent)) {
    reading.hint = fmt::format("kernels before 5.17 cut thread names at 15 characters ('{}')", name.substr(0, 15));
  } else if (!meant.empty() && condition.cpus) {
    const auto cpus = shared::parse_cpu_list(*condition.cpus);
    for (const auto &thread : meant) {
      if (!cpus || std::find(cpus->begin(), cpus->end(), thread.cpu) != cpus->end()) continue;
      reading.hint = fmt::format("the thread exists but last ran on CPU {}", thread.cpu);
      break;
    }
  }
  return reading;
}

}  // namespace kmodtest::judge
