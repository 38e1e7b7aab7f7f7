// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"
#include "shared/procfs.hpp"

namespace kmodtest::judge {
namespace {

std::string expected_words(const wire::ModuleCondition &condition) {
  if (condition.absent) return "no module '" + condition.module + "'";
  std::string text = "module '" + condition.module + "'";
  if (condition.size) text += ", size " + range_words(*condition.size);
  if (condition.users) text += ", users " + range_words(*condition.users);
  if (condition.used_by) {
    text += condition.used_by->empty() ? ", used by no module"
                                       : fmt::format(", used by {}", fmt::join(*condition.used_by, ", "));
  }
  return text;
}

}  // namespace

Reading read(const StepView &view, const wire::ModuleCondition &condition) {
  const auto messages = view.of<wire::Modules>();
  std::vector<Sample> samples;
  for (const auto *message : messages)
    samples.push_back({message->time, shared::evaluate(condition, message->modules)});
  Reading reading = read_samples(view, samples);
  if (reading.state != Reading::State::broken) return reading;
  reading.expected = expected_words(condition);
  wire::ModuleCondition any;
  any.module = condition.module;
  std::vector<wire::ModuleRecord> meant;
  for (const auto &module : messages.back()->modules) {
    if (shared::evaluate(any, {module}).truth == shared::Truth::held) meant.push_back(module);
  }
  reading.seen = meant.empty() ? "no such module" : shared::render_lsmod(meant);
  reading.details.push_back(shared::render_lsmod(messages.back()->modules));
  return reading;
}

}  // namespace kmodtest::judge
