// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/faults/sweep.hpp"

#include <fmt/format.h>
#include <map>
#include <string>
#include <utility>

#include "judge/faults.hpp"
#include "judge/observations.hpp"
#include "observe/fault_calls.hpp"
#include "outcome/result.hpp"
#include "plan/fault.hpp"
#include "run/runner.hpp"
#include "text/words.hpp"

namespace kmodtest::run {
namespace {

using Cases = std::vector<std::shared_ptr<const plan::Case>>;

/// A loop that calls from one place makes a case for its first, its second and so on, but not for its thousandth.
constexpr std::size_t kMostOfAPlace = 4;

/// Keeps the results by the number of their case.
class Results final : public outcome::Listener {
 public:
  explicit Results(std::size_t cases) : finished_(cases) {}

  void on(const outcome::Event &event) override {
    const auto *finished = std::get_if<outcome::CaseFinished>(&event);
    if (finished != nullptr && finished->number < finished_.size()) finished_[finished->number] = *finished;
  }
  const std::vector<outcome::CaseFinished> &all() const { return finished_; }

 private:
  std::vector<outcome::CaseFinished> finished_;
};

std::shared_ptr<const plan::Case> counting(const plan::Case &test_case) {
  plan::Fault fault = plan::fault_of(test_case);
  fault.mode = plan::Fault::Mode::count;
  return std::make_shared<const plan::Case>(plan::with_fault(test_case, std::move(fault)));
}

RunOptions options_of_count(RunOptions options) {
  options.as_given = true;
  options.repeats = 1;
  options.retries = 0;
  options.history = nullptr;
  options.artifacts.clear();
  options.trace = false;
  return options;
}

/// Returns whether a case has calls to sweep over: what is expected to fail fails without them.
bool can_be_swept(const plan::Case &test_case) {
  return !test_case.skip && !test_case.expect && !test_case.schedule &&
         plan::fault_of(test_case).mode == plan::Fault::Mode::none;
}

}  // namespace

Cases cases_of_calls(const plan::Case &test_case, const judge::Observations &seen) {
  Cases cases;
  std::map<std::string, std::size_t> of_place;
  for (const auto &call : observe::read_fault_calls(seen.messages, {}).calls) {
    const std::string name = judge::call_name(call);
    if (++of_place[call.module + ':' + name] > kMostOfAPlace) continue;
    const auto source = seen.call_sources.find(call.key());
    const bool has_source = source != seen.call_sources.end() && !source->second.empty();
    const std::string words = has_source ? fmt::format("{} {}", name, source->second) : name;
    cases.push_back(std::make_shared<const plan::Case>(plan::with_failing_call(test_case, call.number, words)));
  }
  return cases;
}

Sweep sweep_cases(const Cases &cases, RunOptions options, GuestPool &pool, const Prepare &prepare) {
  Cases counted;
  for (const auto &test_case : cases)
    if (can_be_swept(*test_case)) counted.push_back(counting(*test_case));
  Results results(counted.size());
  Sweep sweep;
  if (!counted.empty())
    sweep.interrupted =
        Runner(options_of_count(std::move(options)), {&results}).run(counted, pool, prepare).interrupted;
  std::size_t next = 0;
  for (const auto &test_case : cases) {
    if (!can_be_swept(*test_case)) {
      sweep.cases.push_back(test_case);
      if (!test_case->skip)
        sweep.notices.push_back(fmt::format("{} runs as its plan says: it expects a failure", test_case->id));
      continue;
    }
    const outcome::CaseFinished &finished = results.all()[next++];
    const bool passed = finished.test_case && outcome::result_of(finished) == outcome::Result::passed;
    Cases made;
    if (passed && finished.seen) {
      sweep.counted += observe::read_fault_calls(finished.seen->messages, {}).counted;
      plan::Case complete = *finished.test_case;  // with the modules that its build has made
      complete.fault = test_case->fault;
      made = cases_of_calls(complete, *finished.seen);
    }
    sweep.chosen += made.size();
    if (made.empty()) {
      sweep.cases.push_back(test_case);
      sweep.notices.push_back(fmt::format(
          "{} {}", test_case->id,
          passed ? "makes no call that can fail" : "does not pass as it is, so none of its calls is made to fail"));
    }
    sweep.cases.insert(sweep.cases.end(), made.begin(), made.end());
  }
  return sweep;
}

}  // namespace kmodtest::run
