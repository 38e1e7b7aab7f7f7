// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <fmt/format.h>

#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"

namespace kmodtest::judge {
namespace {

std::string expected_words(const wire::FileCondition &condition) {
  if (condition.absent) return "no " + condition.path;
  std::string text = condition.path;
  const auto &content = condition.content;
  if (content.equals) text += " is '" + *content.equals + "'";
  for (const auto &pattern : content.contains) text += ", contains " + shared::render_pattern(pattern);
  for (const auto &pattern : content.absent) text += ", lacks " + shared::render_pattern(pattern);
  if (content.number) text += ", is the number " + range_words(*content.number);
  if (condition.grows) {
    text += fmt::format(", grows by {} every {}..{}", range_words(condition.grows->by),
                        shared::format_duration(condition.grows->every.min),
                        shared::format_duration(condition.grows->every.max));
  }
  if (text == condition.path) text += condition.is_read ? " can be read" : " exists";
  return text;
}

std::string reading_words(const wire::FileRead &read) {
  if (read.error == EAGAIN) return "nothing: a read would wait";
  if (read.error != 0) return errno_words(read.error);
  return read.truncated ? read.content + "\n(cut here)" : read.content;
}

}  // namespace

Reading read(const StepView &view, const wire::FileCondition &condition) {
  const auto reads = view.of<wire::FileRead>();
  shared::FileEvaluator evaluator(condition);
  std::vector<Sample> samples;
  for (const auto *read : reads) {
    evaluator.add(read->time, read->error, read->content);
    samples.push_back({read->time, evaluator.evaluate()});
  }
  Reading reading = read_samples(view, samples);
  if (reading.state != Reading::State::broken) return reading;
  reading.expected = expected_words(condition);
  reading.seen = reading_words(*reads.back());
  // For a growing number, its history is more useful than its last value.
  if (condition.grows) {
    for (const auto *read : reads) {
      reading.details.push_back(fmt::format(
          "{} after the step's start: {}",
          shared::format_duration(view.started ? read->time - view.started->time : read->time), reading_words(*read)));
    }
  }
  return reading;
}

}  // namespace kmodtest::judge
