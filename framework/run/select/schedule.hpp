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

/// Decides which case runs when, on how many workers, and on which machine. No I/O except for reading how much memory
/// is left.
namespace kmodtest::run {

/// One run of a case.
struct Entry {
  std::shared_ptr<const plan::Case> test_case;
  std::string group;                           ///< cases of one group can share a guest
  std::optional<outcome::Seconds> expected{};  ///< of earlier runs; nothing when the case is new
  std::size_t number = 0;                      ///< place in the order of the plans
  int repeat = 1;                              ///< counts from 1
};

/// Returns a key that is equal for cases that can run in the same kind of guest, as far as the plan shows it.
std::string guest_group(const plan::Case &test_case);

/// Returns whether a case of the first expected time comes before one of the second: those of unknown length come
/// first, since they can be long, then the longest.
bool comes_earlier(const std::optional<outcome::Seconds> &expected, const std::optional<outcome::Seconds> &than);

/// Hands the entries out to workers. Used by one thread at a time.
class Schedule {
 public:
  enum class Order {
    /// Within a group, cases are in the order of comes_earlier(). A worker stays with the group of its guest until that
    /// is empty, then goes where most work is left per worker. One case takes
    /// precedence over that: a case that would end after all others if it waited, because the run takes as long as its
    /// last case.
    longest_first,
    as_given,
  };
  Schedule(std::vector<Entry> entries, int workers, Order order);

  /// Returns the next entry for a worker whose guest is of `worker_group` (empty if it has none); nothing if none is
  /// left.
  std::optional<Entry> next(const std::string &worker_group);
  /// Makes next() return nothing from now on.
  void drop_rest();
  std::size_t left() const { return left_; }

 private:
  struct Group {
    std::deque<Entry> entries;
    double seconds = 0;  ///< expected for the entries
    int workers = 0;     ///< that have a guest of this group
  };
  using Groups = std::map<std::string, Group>;

  double weight(const Entry &entry) const;
  Groups::iterator choose(const std::string &worker_group);

  Groups groups_;
  int workers_;
  double unknown_ = 1;  ///< counted for a case without history
  double seconds_ = 0;
  std::size_t left_ = 0;
};

/// Returns the numbers from 0 to count - 1 in an order that depends only on the seed, on every machine: std::mt19937_64
/// and a Fisher-Yates shuffle of our own (std::shuffle differs between libraries).
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed);

/// The limits of the machine and the cases for running at once.
struct Budget {
  int cores = 1;
  std::optional<std::uint64_t> available_mib;  ///< of memory; nothing if not known, then it does not limit
  std::uint32_t guest_mib = 256;               ///< of the largest guest
};

/// Returns how many guests fit into the memory: each takes 150 MiB in addition to its own, and 1 GiB stays free. At
/// least 1.
int guests_that_fit(std::uint64_t available_mib, std::uint32_t guest_mib);

/// Returns how many workers a run has without -j: one for each core (see Cores for guests that need several). At least
/// 1.
int default_workers(const Budget &budget);

/// Returns how many cores this process may use. At least 1.
int cores_of_this_machine();

/// Returns MemAvailable of /proc/meminfo (man 5 proc) in MiB.
std::optional<std::uint64_t> available_mib(std::string_view meminfo);
/// Returns available_mib() of this machine, now.
std::optional<std::uint64_t> available_mib();

}  // namespace kmodtest::run
