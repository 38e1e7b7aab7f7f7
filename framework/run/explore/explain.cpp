// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/explain.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "judge/observations.hpp"
#include "observe/schedule_seen.hpp"
#include "run/explore/line_runs.hpp"
#include "run/explore/module_map.hpp"
#include "text/words.hpp"

namespace kmodtest::run {
namespace {

constexpr std::size_t kMostMeanwhile = 8;

std::string label_of_step(const plan::Case &test_case, std::uint32_t number) {
  for (const plan::Step &step : test_case.steps)
    if (step.guest && --number == 0) return step.guest->label;
  return {};
}

class Explanation {
 public:
  Explanation(const outcome::CaseFinished &finished, const NearestPass *nearest)
      : finished_(finished),
        nearest_(nearest != nullptr && nearest->failing && nearest->passing ? nearest : nullptr),
        schedule_(*finished.test_case->schedule),
        seen_(nearest_ != nullptr ? *nearest_->failing : *finished.seen->schedule),
        map_(finished.seen->modules),
        names_(map_, seen_) {
    map_.learn(schedule_.modules);
    map_.learn(*finished.seen);
  }

  outcome::ScheduleStory story() {
    outcome::ScheduleStory story;
    tell_all();
    if (nearest_ != nullptr) {
      const auto passing = LineNames(map_, *nearest_->passing).lines(waits_of(nearest_->schedule));
      compare_runs(names_.lines(waits_of(schedule_)), passing, story);
      story.left_out = nearest_->left_out;
      tell_parting(story);
    }
    story.text = std::move(lines_);
    return story;
  }

 private:
  void tell_all() {
    for (const auto &delay : schedule_.delays) {
      add(fmt::format("step {} ({}) begins {} later", delay.step, label_of_step(*finished_.test_case, delay.step),
                      duration_of_wait(delay.wait)));
    }
    for (std::size_t i = 0; i < schedule_.holds.size() && i < seen_.points.size(); ++i) tell(i);
  }

  std::map<std::uint64_t, wire::Microseconds> waits_of(const plan::Schedule &schedule) const {
    std::map<std::uint64_t, wire::Microseconds> waits;
    for (const auto &hold : schedule.holds)
      if (const auto address = map_.address_of(hold)) waits[*address] = hold.wait;
    return waits;
  }

  /// Shows how the run that fails goes on where the nearest one that passes goes on differently.
  void tell_parting(const outcome::ScheduleStory &story) {
    add(fmt::format("without the delay {} it passes; both runs are the same for {}, then", story.left_out,
                    text::counted(story.common, "line")));
    const std::size_t at = story.common - story.skipped;
    const auto next = [&](const char *run, const outcome::RunPart &part) {
      add(at < part.lines.size() ? fmt::format("    {} {}", run, text_of(part.lines[at]))
                                 : fmt::format("    {} nothing more of the module", run));
    };
    next("this one: ", story.failing);
    next("that one: ", story.passing);
  }

  static std::string text_of(const outcome::LineRun &line) {
    return fmt::format("CPU {} {}: {}", line.cpu, line.thread, words_of(line));
  }

  void add(std::string line) { lines_.push_back(std::move(line)); }

  /// Returns "racy.c:31  counter = value + 1;".
  static std::string words_of(const outcome::LineRun &line) {
    return line.text.empty() ? line.place : fmt::format("{}  {}", line.place, line.text);
  }
  std::string line_of(std::uint64_t address) { return words_of(names_.line(address)); }

  void tell(std::size_t number) {
    const plan::Schedule::Hold &hold = schedule_.holds[number];
    const wire::PointSeen &point = seen_.points[number];
    if (point.turns == 0) {
      add(fmt::format("{} was not executed for the {}. time: this delay did nothing", hold.place(), hold.time));
      return;
    }
    const auto address = map_.address_of(hold).value_or(0);
    const std::string wait = hold.wait.count() == 0 ? "lets the next CPU run" : "waits " + duration_of_wait(hold.wait);
    add(fmt::format("CPU {}, in the thread that began in {}, {} before this line (time {}):", point.cpu,
                    names_.thread(point.thread), wait, hold.time));
    add("    " + line_of(address));
    tell_meanwhile(address, point.thread);
  }

  /// Lists what other threads executed from the start of a wait until its thread went on.
  void tell_meanwhile(std::uint64_t address, std::uint32_t thread) {
    auto at = std::find_if(seen_.trace.begin(), seen_.trace.end(), [&](const wire::Traced &traced) {
      return traced.what == 1 && traced.thread == thread && address_of(traced) == address;
    });
    if (at == seen_.trace.end()) return;
    std::vector<std::string> others;
    for (++at; at != seen_.trace.end() && at->thread != thread; ++at) {
      const bool shared = names_.is_shared(address_of(*at));
      std::string line = fmt::format("  {} CPU {} {}: {}", shared ? '*' : ' ', at->cpu, names_.thread(at->thread),
                                     line_of(address_of(*at)));
      if (others.empty() || others.back().substr(3) != line.substr(3)) {
        others.push_back(std::move(line));
      } else if (shared) {
        others.back() = std::move(line);
      }
    }
    if (others.empty()) {
      add("  meanwhile no other thread executes the module");
      return;
    }
    add("  meanwhile (* uses memory that several threads use):");
    const bool long_one = others.size() > kMostMeanwhile;
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (long_one && i == kMostMeanwhile / 2) {
        add(fmt::format("    … {} more lines", others.size() - kMostMeanwhile));
        i = others.size() - kMostMeanwhile / 2;
      }
      add(others[i]);
    }
  }

  const outcome::CaseFinished &finished_;
  const NearestPass *nearest_;
  const plan::Schedule &schedule_;
  const observe::ScheduleSeen &seen_;
  ModuleMap map_;
  LineNames names_;
  std::vector<std::string> lines_;
};

}  // namespace

outcome::ScheduleStory explain(const outcome::CaseFinished &finished, const NearestPass *nearest) {
  if (!finished.test_case->schedule || !finished.seen || !finished.seen->schedule) return {};
  return Explanation(finished, nearest).story();
}

}  // namespace kmodtest::run
