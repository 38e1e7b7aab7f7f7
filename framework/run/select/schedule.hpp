// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/event.hpp"
#include "plan/plan.hpp"

/// Which case runs when, on how many workers, and on which machine: no I/O but reading how much memory is left.
namespace kmodtest::run {

/// One run of a case.
struct Entry {
  std::shared_ptr<const plan::Case> test_case;
  std::string group;                         ///< cases of one group can share a guest
  std::optional<outcome::Seconds> expected;  ///< of earlier runs; nothing when the case is new
  std::size_t number = 0;                    ///< place in the order of the plans
  int repeat = 1;                            ///< counts from 1
};

/// What cases have to have in common to run in guests that are alike, as far as the plan says it.
std::string guest_group(const plan::Case &test_case);

/// Hands the entries out to workers. Not for several threads.
class Schedule {
 public:
  enum class Order {
    /// Within a group the longest first, and before it what is not known, since it may be long. A worker stays with the
    /// group of its guest until that is empty, then goes where most is left to do for each worker. Only a case that
    /// would end after all others, if it waited, is taken before that: the run takes as long as its last case.
    longest_first,
    as_given,
  };
  Schedule(std::vector<Entry> entries, int workers, Order order);

  /// The next one for a worker whose guest is of `worker_group` (empty: it has none); nothing when none is left.
  std::optional<Entry> next(const std::string &worker_group);
  /// next() has nothing more from now on.
  void drop_rest();
  std::size_t left() const { return left_; }

 private:
  struct Group {
    std::deque<Entry> entries;
    double seconds = 0;  ///< that the entries are expected to take
    int workers = 0;     ///< that have a guest of this group
  };
  using Groups = std::map<std::string, Group>;

  double weight(const Entry &entry) const;
  Groups::iterator choose(const std::string &worker_group);

  Groups groups_;
  int workers_;
  double unknown_ = 1;  ///< seconds that a case without history counts for
  double seconds_ = 0;
  std::size_t left_ = 0;
};

/// The numbers from 0 to count - 1 in an order that depends on the seed alone, on every machine: std::mt19937_64 and a
/// Fisher-Yates shuffle of our own (the library's std::shuffle is not the same everywhere).
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed);

/// What the machine and the cases allow to run at once.
struct Budget {
  int cores = 1;
  std::optional<std::uint64_t> available_mib;  ///< of memory; not known: it is no limit
  std::uint32_t guest_mib = 256;               ///< of the largest guest
};

/// How many guests fit into the memory: each takes 150 MiB beside its own, and 1 GiB stays free. At least 1.
int guests_that_fit(std::uint64_t available_mib, std::uint32_t guest_mib);

/// How many workers a run has where -j does not say it: one for each core (see Cores for guests that need several). At
/// least 1.
int default_workers(const Budget &budget);

/// Of those that this process may use. At least 1.
int cores_of_this_machine();

/// MemAvailable of /proc/meminfo (man 5 proc) in MiB.
std::optional<std::uint64_t> available_mib(std::string_view meminfo);
/// The same of this machine, now.
std::optional<std::uint64_t> available_mib();

}  // namespace kmodtest::run
