// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/select/schedule.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <limits>
#include <numeric>
#include <random>
#include <sstream>
#include <thread>
#include <tuple>
#include <utility>

#include "text/number.hpp"

namespace kmodtest::run {

std::string guest_group(const plan::Case &test_case) {
  const plan::GuestShape &guest = test_case.guest;
  // The words of the command line are last: only they can contain any character.
  std::string group = fmt::format("{}|{}|{}x{}x{}|{}|{}", test_case.kernel, guest.cpus, guest.sockets, guest.cores,
                                  guest.threads, guest.memory_mib, plan::channel_name(guest.channel)) +
                      "|" + plan::time_name(test_case.time);
  for (const plan::NumaCell &cell : guest.numa) group += fmt::format("|{}:{}", cell.cpus, cell.memory_mib);
  return group + "||" + guest.append;
}

bool comes_earlier(const std::optional<outcome::Seconds> &expected, const std::optional<outcome::Seconds> &than) {
  if (!expected || !than) return !expected && than;
  return *expected > *than;
}

Schedule::Schedule(std::vector<Entry> entries, int workers, Order order)
    : workers_(std::max(1, workers)), left_(entries.size()) {
  std::optional<double> longest;
  for (const Entry &entry : entries) {
    if (entry.expected) longest = std::max(longest.value_or(0), entry.expected->count());
  }
  unknown_ = longest.value_or(1);
  if (order == Order::longest_first) {
    std::stable_sort(entries.begin(), entries.end(), [](const Entry &left, const Entry &right) {
      return comes_earlier(left.expected, right.expected);
    });
  }
  for (Entry &entry : entries) {
    const double seconds = weight(entry);
    Group &group = groups_[order == Order::as_given ? "" : entry.group];
    group.seconds += seconds;
    seconds_ += seconds;
    group.entries.push_back(std::move(entry));
  }
}

double Schedule::weight(const Entry &entry) const {
  return entry.expected ? entry.expected->count() : unknown_;
}

Schedule::Groups::iterator Schedule::choose(const std::string &worker_group) {
  auto own = groups_.find(worker_group);
  if (own != groups_.end() && own->second.entries.empty()) own = groups_.end();

  auto longest = groups_.end();
  auto fullest = groups_.end();
  // If the times are equal, the earlier one in the plans wins.
  using Rank = std::tuple<double, std::size_t>;
  constexpr std::size_t kLast = std::numeric_limits<std::size_t>::max();
  Rank best_length{-1, 0};
  Rank best_share{-1, 0};
  for (auto group = groups_.begin(); group != groups_.end(); ++group) {
    if (group->second.entries.empty()) continue;
    const Entry &first = group->second.entries.front();
    const Rank length{weight(first), kLast - first.number};
    const Rank share{group->second.seconds / (group->second.workers + 1), kLast - first.number};
    if (length > best_length) std::tie(best_length, longest) = std::tuple(length, group);
    if (share > best_share) std::tie(best_share, fullest) = std::tuple(share, group);
  }
  if (longest == groups_.end()) return own;
  const double length = weight(longest->second.entries.front());
  const bool decides_the_end = length * workers_ >= seconds_;
  const bool longer_than_own = own == groups_.end() || length > weight(own->second.entries.front());
  if (decides_the_end && longer_than_own) return longest;
  return own != groups_.end() ? own : fullest;
}

std::optional<Entry> Schedule::next(const std::string &worker_group) {
  if (const auto old = groups_.find(worker_group); old != groups_.end() && old->second.workers > 0) {
    --old->second.workers;
  }
  const auto chosen = choose(worker_group);
  if (chosen == groups_.end()) return std::nullopt;
  Group &group = chosen->second;
  Entry entry = std::move(group.entries.front());
  group.entries.pop_front();
  ++group.workers;
  --left_;
  // Sums of doubles are not exact; an empty group is set to zero.
  group.seconds = group.entries.empty() ? 0 : group.seconds - weight(entry);
  seconds_ = left_ == 0 ? 0 : seconds_ - weight(entry);
  return entry;
}

void Schedule::drop_rest() {
  groups_.clear();
  seconds_ = 0;
  left_ = 0;
}

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  for (std::size_t end = count; end > 1; --end) {
    // Numbers beyond the last multiple of `end` are discarded, so that each place is equally likely.
    const std::uint64_t limit = std::mt19937_64::max() - std::mt19937_64::max() % end;
    std::uint64_t drawn = random();
    while (drawn >= limit) drawn = random();
    std::swap(order[end - 1], order[static_cast<std::size_t>(drawn % end)]);
  }
  return order;
}

int guests_that_fit(std::uint64_t available_mib, std::uint32_t guest_mib) {
  constexpr std::uint64_t kKeptFree = 1024;
  constexpr std::uint64_t kBesideTheGuest = 150;
  if (available_mib <= kKeptFree) return 1;
  const std::uint64_t number = (available_mib - kKeptFree) / (guest_mib + kBesideTheGuest);
  return static_cast<int>(std::clamp<std::uint64_t>(number, 1, std::numeric_limits<int>::max()));
}

int default_workers(const Budget &budget) {
  const int by_cores = std::max(1, budget.cores);
  return budget.available_mib ? std::min(by_cores, guests_that_fit(*budget.available_mib, budget.guest_mib)) : by_cores;
}

int cores_of_this_machine() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::optional<std::uint64_t> available_mib(std::string_view meminfo) {
  constexpr std::string_view kName = "MemAvailable:";
  constexpr std::uint64_t kKibPerMib = 1024;
  std::size_t start = meminfo.starts_with(kName) ? 0 : meminfo.find("\nMemAvailable:");
  if (start == std::string_view::npos) return std::nullopt;
  if (meminfo[start] == '\n') ++start;
  std::string_view rest = meminfo.substr(start + kName.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const auto kib = text::take_number<std::uint64_t>(rest);
  if (!kib || !rest.starts_with(" kB")) return std::nullopt;
  return *kib / kKibPerMib;
}

std::optional<std::uint64_t> available_mib() {
  std::ostringstream text;
  text << std::ifstream("/proc/meminfo").rdbuf();
  return available_mib(text.str());
}

}  // namespace kmodtest::run
