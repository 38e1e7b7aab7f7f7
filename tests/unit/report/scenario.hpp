// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "support/sample_case.hpp"

namespace kmodtest::report::scenario {

/// A console that gets the events of a run at moments that the test chooses.
class ScriptedRun {
 public:
  explicit ScriptedRun(ConsoleOptions options) {
    options.now = [time = time_] { return *time; };
    options.ci.clock = [time = time_] {
      constexpr std::time_t kStart = 1'800'000'000;
      return kStart + std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count();
    };
    console_ = make_console(std::move(options));
  }

  /// Advances to this moment, in seconds since the start.
  ScriptedRun &at(double seconds) {
    const auto since = std::chrono::duration<double>(seconds);
    *time_ =
        std::chrono::steady_clock::time_point(std::chrono::duration_cast<std::chrono::steady_clock::duration>(since));
    return *this;
  }
  ScriptedRun &tell(const outcome::Event &event) {
    console_->on(event);
    return *this;
  }
  void end() { console_.reset(); }

 private:
  std::shared_ptr<std::chrono::steady_clock::time_point> time_ =
      std::make_shared<std::chrono::steady_clock::time_point>();
  std::unique_ptr<outcome::Listener> console_;
};

/// Called at moments that a test looks at, with the event that has just occurred.
using Look = std::function<void(const std::string &)>;

/// Plays a run with every outcome, a slow case and a flaky one. Parts of it are as awkward as possible: a long line in
/// a plan, wide characters, a guest that writes control characters and commands of a CI system.
void every_outcome(ScriptedRun &run, const Look &look);

/// Plays twelve cases at once, with long names.
void many_at_once(ScriptedRun &run, const Look &look);

/// Returns a case that crashed, with the kernel report as the judge passes it on.
outcome::CaseFinished crashed();

}  // namespace kmodtest::report::scenario
