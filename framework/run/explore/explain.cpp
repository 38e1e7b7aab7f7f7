// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/explain.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "judge/observations.hpp"
#include "observe/schedule_seen.hpp"
#include "run/explore/module_map.hpp"

namespace kmodtest::run {
namespace {

constexpr std::size_t kMostMeanwhile = 8;
constexpr std::uint64_t kUpperHalf = 0xffffffff00000000;

std::uint64_t address_of(const wire::Traced &traced) {
  return kUpperHalf | traced.low;
}

std::string duration(wire::Microseconds wait) {
  return wait.count() < 1000 ? fmt::format("{} µs", wait.count())
                             : fmt::format("{:.2f} ms", static_cast<double>(wait.count()) / 1000);
}

std::string label_of_step(const plan::Case &test_case, std::uint32_t number) {
  for (const plan::Step &step : test_case.steps)
    if (step.guest && --number == 0) return step.guest->label;
  return {};
}

class Explanation {
 public:
  explicit Explanation(const outcome::CaseFinished &finished)
      : finished_(finished),
        schedule_(*finished.test_case->schedule),
        seen_(*finished.seen->schedule),
        map_(finished.seen->modules) {
    map_.learn(schedule_.modules);
    map_.learn(*finished.seen);
    for (const wire::CodeSeen &code : seen_.code)
      if ((code.flags & wire::kCodeShared) != 0) shared_[code.address] = true;
  }

  std::vector<std::string> lines() {
    for (const auto &delay : schedule_.delays) {
      add(fmt::format("step {} ({}) begins {} later", delay.step, label_of_step(*finished_.test_case, delay.step),
                      duration(delay.wait)));
    }
    for (std::size_t i = 0; i < schedule_.holds.size() && i < seen_.points.size(); ++i) tell(i);
    return std::move(lines_);
  }

 private:
  void add(std::string line) { lines_.push_back(std::move(line)); }

  std::string thread_name(std::size_t thread) {
    const std::string function = thread < seen_.threads.size() ? map_.function_at(seen_.threads[thread].first) : "";
    return function.empty() ? fmt::format("thread {}", thread) : function + "()";
  }

  /// Returns "racy.c:31  counter = value + 1;".
  std::string line_of(std::uint64_t address) {
    const auto known = names_.find(address);
    if (known != names_.end()) return known->second;
    const auto line = map_.line_at(address);
    std::string text = line ? fmt::format("{}:{}  {}", line->file, line->line, line->text) : map_.function_at(address);
    return names_[address] = text;
  }

  void tell(std::size_t number) {
    const plan::Schedule::Hold &hold = schedule_.holds[number];
    const wire::PointSeen &point = seen_.points[number];
    if (point.turns == 0) {
      add(fmt::format("{} was not executed for the {}. time: this delay did nothing", hold.place(), hold.time));
      return;
    }
    const auto address = map_.address_of(hold).value_or(0);
    const std::string wait = hold.wait.count() == 0 ? "lets the next CPU run" : "waits " + duration(hold.wait);
    add(fmt::format("CPU {}, in the thread that began in {}, {} before this line (time {}):", point.cpu,
                    thread_name(point.thread), wait, hold.time));
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
      const bool shared = shared_.contains(address_of(*at));
      std::string line = fmt::format("  {} CPU {} {}: {}", shared ? '*' : ' ', at->cpu, thread_name(at->thread),
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
  const plan::Schedule &schedule_;
  const observe::ScheduleSeen &seen_;
  ModuleMap map_;
  std::map<std::uint64_t, bool> shared_;
  std::map<std::uint64_t, std::string> names_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> explain(const outcome::CaseFinished &finished) {
  if (!finished.test_case->schedule || !finished.seen || !finished.seen->schedule) return {};
  return Explanation(finished).lines();
}

}  // namespace kmodtest::run
