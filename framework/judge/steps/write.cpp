// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>

#include "judge/steps/reading.hpp"
#include "shared/kmsg.hpp"

namespace kmodtest::judge {

Reading read(const StepView &view, const wire::WriteFile &write) {
  const auto written = view.of<wire::Written>();
  if (written.empty()) return reading_unknown("writing " + write.path + " did not come back");
  const int error = written.back()->error;
  if (wire::is_expected_errno(error, write.expected_errno)) return reading_held();
  Reading reading = reading_broken(error == 0 ? "writing " + write.path + " succeeded, but should have been refused"
                                              : "writing " + write.path + " gave " + errno_words(error));
  reading.expected = errno_words(write.expected_errno);
  reading.seen = errno_words(error);
  if (error == EROFS && write.path == kSuspends) reading.hint = kNoSuspend;
  for (const auto &line : view.own_log()) reading.details.push_back(shared::render_dmesg(line));
  return reading;
}

}  // namespace kmodtest::judge
