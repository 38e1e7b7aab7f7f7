// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "run/explore/explain.hpp"
#include "run/explore/module_map.hpp"
#include "run/explore/strategies.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/run_options.hpp"

namespace kmodtest::run {

using Cases = std::vector<std::shared_ptr<const plan::Case>>;

struct ExploreOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 200;               ///< for each case
  std::optional<outcome::Seconds> budget;  ///< wall time for all cases; nothing: until all seeds have run
  bool until_failure = false;              ///< a case ends with its first failure
  Strategy strategy = Strategy::mixed;
};

/// How far an exploration is.
struct ExploreCounts {
  std::size_t schedules = 0;  ///< that have run
  std::size_t distinct = 0;   ///< of their interleavings
  std::size_t failed = 0;     ///< of the schedules
  std::size_t kinds = 0;      ///< of failures
  outcome::Seconds took{0};
};

/// One kind of failure of a case, and the smallest schedule that shows it.
struct ScheduleFailure {
  std::shared_ptr<const plan::Case> test_case;  ///< with the schedule; without one if the case fails on its own
  std::uint64_t seed = 0;
  std::size_t schedules = 0;  ///< of this case that had run when it was found
  outcome::Seconds after{0};  ///< wall time from the start of the exploration
  std::size_t delays = 0;     ///< in the schedule of the seed
  std::string kind;
  NearestPass nearest = {};
};

/// The result of an exploration.
struct Explored {
  std::vector<ScheduleFailure> failures;
  Cases passed;  ///< the cases that no schedule breaks
  ExploreCounts counts;
  bool interrupted = false;
};

/// Runs cases under many schedules: first each without any delay, to learn what its modules execute, then by the seeds.
/// The schedule of a seed depends only on the case and the seeds before it, so it is the same with any number of
/// workers. Guests come from `pool`, which should keep them.
class Exploration {
 public:
  Exploration(ExploreOptions options, RunOptions run, GuestPool &pool, Prepare prepare,
              std::function<void(const ExploreCounts &)> tell);

  /// Throws base::Error for problems that make the whole exploration impossible.
  Explored run(const Cases &cases);

 private:
  struct Subject {
    std::shared_ptr<const plan::Case> original, test_case;
    Profile profile;
    std::unique_ptr<ModuleMap> map;
    std::uint64_t next_seed = 1;
    std::size_t schedules = 0;
    std::set<std::uint64_t> interleavings;
    std::map<std::string, std::size_t> kinds;  ///< places in Explored::failures
    bool done = false;
  };
  using Finished = std::vector<outcome::CaseFinished>;

  Finished run_all(const Cases &cases);
  void learn(const Cases &cases);
  void learn_from(Subject &subject, const outcome::CaseFinished &finished);
  static void learn_more(Subject &subject, const outcome::CaseFinished &finished);
  Cases next_batch(std::vector<Subject *> &whose, std::vector<std::uint64_t> &seeds);
  void take(Subject &subject, std::uint64_t seed, const outcome::CaseFinished &finished);
  void minimise(Subject &subject, ScheduleFailure &failure);
  /// Runs the schedule, and without its last delay, which passes, for the explanation.
  void run_nearest(const Subject &subject, ScheduleFailure &failure);
  bool time_is_up() const;
  void count(const outcome::CaseFinished &finished);
  std::shared_ptr<const plan::Case> with(const Subject &subject, plan::Schedule schedule) const;

  ExploreOptions options_;
  RunOptions run_;
  GuestPool &pool_;
  Prepare prepare_;
  std::function<void(const ExploreCounts &)> tell_;
  std::vector<Subject> subjects_;
  std::size_t turn_ = 0;  ///< counts the rounds of all cases
  Explored result_;
  std::chrono::steady_clock::time_point began_;
};

/// Returns what distinguishes failures: the outcome and the first reason, without numbers.
std::string failure_kind(const outcome::CaseFinished &finished);

}  // namespace kmodtest::run
