// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/strategies.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace kmodtest::run {
namespace {

using wire::CodeSeen;
using wire::Microseconds;

struct Named {
  const char *name;
  Strategy strategy;
};
constexpr std::array<Named, 6> kStrategies = {{{"mixed", Strategy::mixed},
                                               {"steps", Strategy::steps},
                                               {"shared", Strategy::shared},
                                               {"places", Strategy::places},
                                               {"moments", Strategy::moments},
                                               {"priorities", Strategy::priorities}}};

/// How often `mixed` takes each: the ones that look at shared memory most often.
constexpr std::array<Strategy, 10> kMix = {
    Strategy::shared, Strategy::priorities, Strategy::places,     Strategy::steps,   Strategy::priorities,
    Strategy::shared, Strategy::places,     Strategy::priorities, Strategy::moments, Strategy::shared};

/// Waits are from 1 µs to 2^kLongest µs, each power of two equally likely.
constexpr std::uint64_t kLongest = 14;
constexpr std::uint64_t kMostHolds = 3;

/// Splitmix64 (Steele, Lea, Flood 2014): the same numbers with every compiler.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15) {}
  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : next() % limit; }
  bool one_in(std::uint64_t chances) { return below(chances) == 0; }
  /// Returns a wait of 2^least to 2^(most + 1) µs.
  Microseconds wait(std::uint64_t least = 0, std::uint64_t most = kLongest) {
    const std::uint64_t scale = std::uint64_t{1} << (least + below(most - least + 1));
    return Microseconds(static_cast<std::int64_t>(scale + below(scale)));
  }

 private:
  std::uint64_t next() {
    std::uint64_t value = state_ += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
  }
  std::uint64_t state_;
};

/// Returns which execution of an instruction is delayed. The first ones and the last ones are likelier: what a thread
/// does at its start and its end happens there.
std::uint64_t time_of(const CodeSeen &code, Random &random) {
  switch (random.below(4)) {
    case 0:
      return 1;
    case 1:
      return code.times;
    default:
      return 1 + random.below(code.times);
  }
}

void add_hold(plan::Schedule &schedule, const CodeSeen &code, std::uint64_t time, Microseconds wait) {
  plan::Schedule::Hold hold;
  hold.offset = code.address;
  hold.time = time;
  hold.wait = wait;
  const auto same = [&hold](const plan::Schedule::Hold &one) {
    return one.offset == hold.offset && one.time == hold.time;
  };
  if (std::none_of(schedule.holds.begin(), schedule.holds.end(), same)) schedule.holds.push_back(std::move(hold));
}

void add_hold(plan::Schedule &schedule, const CodeSeen &code, Random &random, Microseconds wait) {
  add_hold(schedule, code, time_of(code, random), wait);
}

/// A wait of any length; now and then the CPU only ends its turn.
Microseconds any_wait(Random &random) {
  return random.one_in(8) ? Microseconds(0) : random.wait();
}

std::uint64_t any_count(Random &random) {
  return 1 + random.below(kMostHolds);
}

void add_delays(plan::Schedule &schedule, const Profile &profile, Random &random) {
  for (const std::uint32_t step : profile.actions)
    if (!random.one_in(3)) schedule.delays.push_back({step, random.wait()});
}

/// The places at which threads affect each other.
struct Meetings {
  std::vector<CodeSeen> accesses;  ///< to shared memory, each with the instruction after it
  std::vector<CodeSeen> calls;

  explicit Meetings(std::vector<CodeSeen> code) {
    std::sort(code.begin(), code.end(),
              [](const CodeSeen &left, const CodeSeen &right) { return left.address < right.address; });
    const auto is_access = [](const CodeSeen &one) { return (one.flags & wire::kCodeShared) != 0; };
    for (std::size_t i = 0; i < code.size(); ++i) {
      if (is_access(code[i]) || (i > 0 && is_access(code[i - 1]))) accesses.push_back(code[i]);
      if ((code[i].flags & wire::kCodeCalls) != 0) calls.push_back(code[i]);
    }
  }
  /// Chooses an access twice as often as a call; nullptr if there is neither.
  const CodeSeen *choose(Random &random) const {
    const bool call = accesses.empty() || (!calls.empty() && random.one_in(3));
    const std::vector<CodeSeen> &among = call ? calls : accesses;
    return among.empty() ? nullptr : &among[random.below(among.size())];
  }
};

void add_meetings(plan::Schedule &schedule, const Profile &profile, Random &random) {
  const Meetings meetings(profile.code);
  for (std::uint64_t count = any_count(random); count > 0; --count)
    if (const CodeSeen *code = meetings.choose(random)) add_hold(schedule, *code, random, any_wait(random));
}

void add_places(plan::Schedule &schedule, const Profile &profile, Random &random) {
  for (std::uint64_t count = any_count(random); count > 0 && !profile.code.empty(); --count)
    add_hold(schedule, profile.code[random.below(profile.code.size())], random, any_wait(random));
}

/// Chooses among all executed instructions of the run.
const CodeSeen &at_moment(const std::vector<CodeSeen> &code, Random &random) {
  const std::uint64_t all = std::accumulate(code.begin(), code.end(), std::uint64_t{0},
                                            [](std::uint64_t sum, const CodeSeen &one) { return sum + one.times; });
  std::uint64_t moment = random.below(all);
  for (const CodeSeen &one : code) {
    if (moment < one.times) return one;
    moment -= one.times;
  }
  return code.back();
}

void add_moments(plan::Schedule &schedule, const Profile &profile, Random &random) {
  for (std::uint64_t count = any_count(random); count > 0 && !profile.code.empty(); --count)
    add_hold(schedule, at_moment(profile.code, random), random, any_wait(random));
}

/// The start of a thread: an execution of its first instruction.
struct Start {
  const CodeSeen *code = nullptr;
  std::uint64_t time = 0;
};

/// Returns the starts of all threads in an order by chance, but only one for a function with which many threads begin,
/// or that is called again and again.
std::vector<Start> shuffled_starts(const Profile &profile, Random &random) {
  constexpr std::uint64_t kFew = 3;
  std::vector<Start> starts;
  for (const std::uint64_t address : profile.thread_starts) {
    const auto code = std::find_if(profile.code.begin(), profile.code.end(),
                                   [address](const CodeSeen &one) { return one.address == address; });
    if (code == profile.code.end()) continue;
    if (code->times > kFew) starts.push_back({&*code, time_of(*code, random)});
    for (std::uint64_t time = 1; code->times <= kFew && time <= code->times; ++time) starts.push_back({&*code, time});
  }
  for (std::size_t i = starts.size(); i > 1; --i) std::swap(starts[i - 1], starts[random.below(i)]);
  return starts;
}

/// Threads start in an order by chance, each some time after the one before, and up to two of them stop somewhere until
/// the others have gone on for long. In PCT's words: priorities by chance, and d - 1 points at which they change.
void add_priorities(plan::Schedule &schedule, const Profile &profile, Random &random) {
  constexpr std::uint64_t kShortest = 11;  // 2 ms
  constexpr std::size_t kMostLate = 3;
  Microseconds wait(0);
  const std::vector<Start> starts = shuffled_starts(profile, random);
  for (std::size_t i = 1; i < starts.size() && i <= kMostLate; ++i) {
    wait += random.wait(0, kShortest);
    add_hold(schedule, *starts[i].code, starts[i].time, wait);
  }
  const Meetings meetings(profile.code);
  for (std::uint64_t count = random.below(kMostHolds); count > 0; --count) {
    const CodeSeen *code = meetings.choose(random);
    if (code != nullptr) add_hold(schedule, *code, random, random.wait(kShortest, kLongest));
  }
}

}  // namespace

std::optional<Strategy> strategy_named(const std::string &name) {
  const auto *const found =
      std::find_if(kStrategies.begin(), kStrategies.end(), [&name](const Named &one) { return one.name == name; });
  return found == kStrategies.end() ? std::nullopt : std::optional(found->strategy);
}

std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  names.reserve(kStrategies.size());
  for (const Named &one : kStrategies) names.emplace_back(one.name);
  return names;
}

void add_to(Profile &profile, const std::vector<CodeSeen> &code, const std::vector<wire::ThreadSeen> &threads) {
  for (const CodeSeen &one : code) {
    const auto known = std::find_if(profile.code.begin(), profile.code.end(),
                                    [&one](const CodeSeen &other) { return other.address == one.address; });
    if (known == profile.code.end()) {
      profile.code.push_back(one);
    } else {
      known->times = std::max(known->times, one.times);
      known->flags |= one.flags;
    }
  }
  std::vector<std::uint64_t> &starts = profile.thread_starts;
  for (const wire::ThreadSeen &thread : threads)
    if (std::find(starts.begin(), starts.end(), thread.first) == starts.end()) starts.push_back(thread.first);
}

plan::Schedule schedule_of(const Profile &profile, std::uint64_t seed, Strategy strategy) {
  Random random(seed);
  plan::Schedule schedule;
  const bool mixed = strategy == Strategy::mixed;
  if (mixed) strategy = kMix[seed % kMix.size()];
  switch (strategy) {
    case Strategy::mixed:
    case Strategy::steps:
      add_delays(schedule, profile, random);
      break;
    case Strategy::shared:
      add_meetings(schedule, profile, random);
      break;
    case Strategy::places:
      add_places(schedule, profile, random);
      break;
    case Strategy::moments:
      add_moments(schedule, profile, random);
      break;
    case Strategy::priorities:
      add_priorities(schedule, profile, random);
      break;
  }
  if (mixed && schedule.delays.empty() && random.one_in(3)) add_delays(schedule, profile, random);
  // Chance can leave nothing to delay.
  if (schedule.size() == 0) add_places(schedule, profile, random);
  if (schedule.size() == 0) add_delays(schedule, profile, random);
  return schedule;
}

}  // namespace kmodtest::run
