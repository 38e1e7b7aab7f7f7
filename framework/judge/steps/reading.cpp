// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/steps/reading.hpp"

#include <cstring>
#include <fmt/format.h>
#include <limits>

#include "shared/condition.hpp"

namespace kmodtest::judge {

Reading read_samples(const StepView &view, const std::vector<Sample> &samples) {
  if (samples.empty()) return reading_unknown("no sample of it arrived");
  if (samples.back().evaluation.truth != shared::Truth::held) {
    Reading reading = reading_broken(samples.back().evaluation.why);
    for (const auto &sample : samples) {
      if (sample.evaluation.truth != shared::Truth::held) continue;
      reading.why +=
          fmt::format("; it had held, but had to stay so for {}", shared::format_duration(view.guest().hold_for));
      break;
    }
    return reading;
  }
  wire::Microseconds since = samples.back().time;
  for (auto sample = samples.rbegin(); sample != samples.rend(); ++sample) {
    if (sample->evaluation.truth != shared::Truth::held) break;
    since = sample->time;
  }
  if (view.started == nullptr) return reading_unknown("the start of the step was not reported");
  const auto took = since - view.started->time;
  if (took > view.guest().within + slack(view.guest().within)) {
    return reading_broken(fmt::format("it held only after {}", shared::format_duration(took)));
  }
  return reading_held();
}

std::string range_words(const wire::Range &range) {
  if (range.min == range.max) return fmt::format("{}", range.min);
  if (range.max == std::numeric_limits<std::int64_t>::max()) return fmt::format("at least {}", range.min);
  return fmt::format("{}..{}", range.min, range.max);
}

std::string errno_words(int error) {
  if (error == 0) return "success";
  if (error == -1) return "any error";
  const char *name = ::strerrorname_np(error);
  std::string words = ::strerrordesc_np(error) == nullptr ? "unknown" : ::strerrordesc_np(error);
  if (words.size() > 1 && words[1] >= 'a' && words[1] <= 'z') words[0] = static_cast<char>(words[0] | 0x20);
  return fmt::format("{} ({})", name == nullptr ? fmt::format("errno {}", error) : name, words);
}

}  // namespace kmodtest::judge
