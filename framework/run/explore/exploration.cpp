// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/exploration.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <utility>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "observe/schedule_seen.hpp"
#include "outcome/result.hpp"
#include "run/explore/minimiser.hpp"
#include "run/runner.hpp"

namespace kmodtest::run {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchOfAWorker = 4;
constexpr std::uint64_t kRound = 8;
constexpr std::chrono::seconds kIdle{2};

/// Keeps the results, and reports each.
class Collector final : public outcome::Listener {
 public:
  Collector(std::size_t cases, std::function<void(const outcome::CaseFinished &)> tell)
      : tell_(std::move(tell)), finished_(cases) {}

  void on(const outcome::Event &event) override {
    const auto *finished = std::get_if<outcome::CaseFinished>(&event);
    if (finished == nullptr || finished->number >= finished_.size()) return;
    finished_[finished->number] = *finished;
    tell_(*finished);
  }
  std::vector<outcome::CaseFinished> take() { return std::move(finished_); }

 private:
  std::function<void(const outcome::CaseFinished &)> tell_;
  std::vector<outcome::CaseFinished> finished_;
};

bool failed(const outcome::CaseFinished &finished) {
  return !outcome::went_well(outcome::result_of(finished));
}

std::vector<std::uint32_t> actions_of(const plan::Case &test_case) {
  std::vector<std::uint32_t> actions;
  std::uint32_t number = 0;
  for (const plan::Step &step : test_case.steps) {
    if (!step.guest) continue;
    ++number;
    if (wire::is_action(step.guest->body)) actions.push_back(number);
  }
  return actions;
}

/// Prepares each case once: only the schedule differs between its runs.
Prepare preparing_once(Prepare prepare) {
  struct Known {
    std::mutex mutex;
    std::map<std::string, Prepared> cases;
  };
  return [prepare = std::move(prepare), known = std::make_shared<Known>()](const plan::Case &test_case) {
    const std::string key = test_case.plan_file.string() + '\n' + test_case.id;
    {
      const std::lock_guard lock(known->mutex);
      const auto found = known->cases.find(key);
      if (found != known->cases.end() && test_case.schedule) {
        Prepared prepared = found->second;
        set_schedule(*test_case.schedule, prepared);
        return prepared;
      }
    }
    Prepared prepared = prepare(test_case);
    // A case that its build has completed is prepared again, until it is a complete one itself.
    if (!prepared.completed && !prepared.skip) {
      const std::lock_guard lock(known->mutex);
      known->cases.emplace(key, prepared);
    }
    return prepared;
  };
}

std::shared_ptr<plan::Case> copy_with(const plan::Case &test_case, plan::Schedule schedule) {
  auto made = std::make_shared<plan::Case>(test_case);
  made->schedule = std::make_shared<const plan::Schedule>(std::move(schedule));
  made->time = plan::Time::virtual_time;
  return made;
}

}  // namespace

std::string failure_kind(const outcome::CaseFinished &finished) {
  std::string kind = outcome::result_name(outcome::result_of(finished));
  if (finished.verdict.evidence.empty()) return kind;
  kind += ": ";
  bool in_number = false;
  for (const char c : finished.verdict.evidence.front().summary) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    const bool more = in_number && (std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == 'x' || c == '.');
    if (digit && !in_number) kind += 'N';
    in_number = digit || more;
    if (!in_number) kind += c;
  }
  return kind;
}

Exploration::Exploration(ExploreOptions options, RunOptions run, GuestPool &pool, Prepare prepare,
                         std::function<void(const ExploreCounts &)> tell)
    : options_(options),
      run_(std::move(run)),
      pool_(pool),
      prepare_(preparing_once(std::move(prepare))),
      tell_(std::move(tell)),
      began_(Clock::now()) {
  run_.as_given = true;
  run_.repeats = 1;
  run_.retries = 0;
  run_.history = nullptr;
  run_.artifacts.clear();
  // A schedule breaks a module while it runs, or soon after. The last run of a failure looks for everything.
  run_.limits.idle = kIdle;
  run_.limits.searches_memory = false;
}

Exploration::Finished Exploration::run_all(const Cases &cases) {
  Collector collector(cases.size(), [this](const outcome::CaseFinished &finished) { count(finished); });
  const RunResult result = Runner(run_, {&collector}).run(cases, pool_, prepare_);
  result_.interrupted = result_.interrupted || result.interrupted;
  return collector.take();
}

void Exploration::count(const outcome::CaseFinished &finished) {
  ++result_.counts.schedules;
  if (failed(finished)) ++result_.counts.failed;
  result_.counts.took = Clock::now() - began_;
  tell_(result_.counts);
}

bool Exploration::time_is_up() const {
  return result_.interrupted || (options_.budget && Clock::now() - began_ >= *options_.budget);
}

std::shared_ptr<const plan::Case> Exploration::with(const Subject &subject, plan::Schedule schedule) const {
  return copy_with(*subject.test_case, std::move(schedule));
}

void Exploration::learn(const Cases &cases) {
  Cases observed;
  for (const auto &test_case : cases) {
    plan::Schedule nothing;
    nothing.observes = true;
    observed.push_back(copy_with(*test_case, std::move(nothing)));
  }
  const Finished finished = run_all(observed);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Subject subject;
    subject.original = subject.test_case = cases[i];
    subject.next_seed = options_.first_seed;
    if (finished[i].test_case) learn_from(subject, finished[i]);
    subjects_.push_back(std::move(subject));
  }
}

void Exploration::learn_from(Subject &subject, const outcome::CaseFinished &finished) {
  subject.done = true;
  if (failed(finished)) {
    result_.failures.push_back({.test_case = subject.test_case,
                                .seed = 0,
                                .schedules = 1,
                                .after = Clock::now() - began_,
                                .delays = 0,
                                .kind = failure_kind(finished)});
    return;
  }
  if (!finished.seen || !finished.seen->schedule) return;  // skipped
  subject.map = std::make_unique<ModuleMap>(finished.seen->modules);
  subject.map->learn(*finished.seen);
  subject.test_case = finished.test_case;  // with the modules that its build has made
  learn_more(subject, finished);
  subject.profile.actions = actions_of(*subject.test_case);
  subject.interleavings.insert(finished.seen->schedule->interleaving);
  subject.done = false;
}

/// A schedule can make a case execute what it does not on its own: a handler, the end of a wait.
void Exploration::learn_more(Subject &subject, const outcome::CaseFinished &finished) {
  if (!finished.seen || !finished.seen->schedule) return;
  subject.map->learn(*finished.seen);
  std::vector<wire::CodeSeen> code = finished.seen->schedule->code;
  std::erase_if(code, [&subject](const wire::CodeSeen &one) { return !subject.map->contains(one.address); });
  add_to(subject.profile, code, finished.seen->schedule->threads);
}

/// Adds a round of schedules for each case in turn, until the workers have enough to do. All schedules of a round come
/// from what is known after the case's round before, so they do not depend on the number of workers.
Cases Exploration::next_batch(std::vector<Subject *> &whose, std::vector<std::uint64_t> &seeds) {
  Cases batch;
  const std::uint64_t end = options_.first_seed + options_.seeds;
  const std::size_t enough = kBatchOfAWorker * static_cast<std::size_t>(std::max(run_.workers, 1));
  for (std::size_t tried = 0; tried < subjects_.size() && batch.size() < enough; ++tried) {
    Subject &subject = subjects_[turn_++ % subjects_.size()];
    for (std::uint64_t i = 0; i < kRound && !subject.done && subject.next_seed < end; ++i) {
      const std::uint64_t seed = subject.next_seed++;
      plan::Schedule schedule = schedule_of(subject.profile, seed, options_.strategy);
      schedule.observes = true;
      batch.push_back(with(subject, std::move(schedule)));
      whose.push_back(&subject);
      seeds.push_back(seed);
    }
  }
  return batch;
}

void Exploration::take(Subject &subject, std::uint64_t seed, const outcome::CaseFinished &finished) {
  ++subject.schedules;
  if (finished.seen && finished.seen->schedule &&
      subject.interleavings.insert(finished.seen->schedule->interleaving).second) {
    ++result_.counts.distinct;
  }
  if (!failed(finished)) return;
  const std::string kind = failure_kind(finished);
  if (!subject.kinds.emplace(kind, result_.failures.size()).second) return;
  result_.failures.push_back({.test_case = finished.test_case,
                              .seed = seed,
                              .schedules = subject.schedules,
                              .after = Clock::now() - began_,
                              .delays = finished.test_case->schedule->size(),
                              .kind = kind});
  result_.counts.kinds = result_.failures.size();
  subject.done = subject.done || options_.until_failure;
}

void Exploration::minimise(Subject &subject, ScheduleFailure &failure) {
  plan::Schedule failing = *failure.test_case->schedule;
  Minimiser minimiser(failing);
  for (auto candidates = minimiser.candidates(); !candidates.empty() && !result_.interrupted;
       candidates = minimiser.candidates()) {
    Cases cases;
    for (plan::Schedule &candidate : candidates) cases.push_back(with(subject, std::move(candidate)));
    std::vector<bool> fails;
    for (const outcome::CaseFinished &finished : run_all(cases))
      fails.push_back(finished.test_case && failed(finished) && failure_kind(finished) == failure.kind);
    minimiser.answer(fails);
  }
  plan::Schedule best = minimiser.best();
  for (auto &hold : best.holds) subject.map->name(hold);
  best.modules = subject.map->parts();
  best.observes = true;
  best.about = {fmt::format("{}, seed {}", subject.test_case->id, failure.seed), failure.kind};
  auto made = copy_with(*subject.test_case, std::move(best));
  const std::string name = fmt::format("schedule={}", failure.seed);
  const std::size_t end = made->id.rfind(']');
  made->id = end == std::string::npos ? fmt::format("{} [{}]", made->id, name) : made->id.insert(end, ' ' + name);
  made->point["schedule"] = std::to_string(failure.seed);
  failure.test_case = std::move(made);
}

void Exploration::run_nearest(const Subject &subject, ScheduleFailure &failure) {
  NearestPass &nearest = failure.nearest;
  nearest.schedule = *failure.test_case->schedule;
  if (auto &holds = nearest.schedule.holds; !holds.empty()) {
    nearest.left_out = "before " + (holds.back().source.empty() ? holds.back().place() : holds.back().source);
    holds.pop_back();
  } else if (auto &delays = nearest.schedule.delays; !delays.empty()) {
    nearest.left_out = fmt::format("before step {}", delays.back().step);
    delays.pop_back();
  } else {
    return;
  }
  const Finished finished = run_all({with(subject, *failure.test_case->schedule), with(subject, nearest.schedule)});
  const auto seen_of = [](const outcome::CaseFinished &run) { return run.seen ? run.seen->schedule : nullptr; };
  const bool parts = finished[0].test_case && finished[1].test_case && failed(finished[0]) && !failed(finished[1]);
  if (!parts || !seen_of(finished[0]) || !seen_of(finished[1])) return;
  nearest.failing = seen_of(finished[0]);
  nearest.passing = seen_of(finished[1]);
}

Explored Exploration::run(const Cases &cases) {
  began_ = Clock::now();
  learn(cases);
  while (!time_is_up()) {
    std::vector<Subject *> whose;
    std::vector<std::uint64_t> seeds;
    const Cases batch = next_batch(whose, seeds);
    if (batch.empty()) break;
    const Finished finished = run_all(batch);
    for (std::size_t i = 0; i < finished.size(); ++i) {
      if (!finished[i].test_case) continue;
      take(*whose[i], seeds[i], finished[i]);
      learn_more(*whose[i], finished[i]);
    }
    tell_(result_.counts);
  }
  for (Subject &subject : subjects_)
    for (const auto &[kind, place] : subject.kinds) {
      minimise(subject, result_.failures[place]);
      if (!result_.interrupted) run_nearest(subject, result_.failures[place]);
    }
  for (const Subject &subject : subjects_) {
    const bool broken = std::any_of(result_.failures.begin(), result_.failures.end(),
                                    [&subject](const auto &failure) { return failure.test_case == subject.original; });
    if (subject.kinds.empty() && !broken) result_.passed.push_back(subject.original);
  }
  result_.counts.took = Clock::now() - began_;
  return std::move(result_);
}

}  // namespace kmodtest::run
