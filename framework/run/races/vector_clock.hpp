// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kmodtest::run {

/// A moment: of each thread, how many of its sections have happened before it. Source: Mattern: Virtual time and global
/// states of distributed systems, 1989.
class VectorClock {
 public:
  explicit VectorClock(std::size_t threads = 0) : sections_(threads) {}
  std::uint32_t &of(std::uint32_t thread) { return sections_[thread]; }
  std::uint32_t of(std::uint32_t thread) const { return thread < sections_.size() ? sections_[thread] : 0; }
  void join(const VectorClock &other) {
    if (sections_.size() < other.sections_.size()) sections_.resize(other.sections_.size());
    for (std::size_t i = 0; i < other.sections_.size(); ++i) sections_[i] = std::max(sections_[i], other.sections_[i]);
  }

 private:
  std::vector<std::uint32_t> sections_;
};

}  // namespace kmodtest::run
