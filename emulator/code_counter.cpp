// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/code_counter.hpp"

namespace kmodtest::emulator {

void CodeCounter::begin(wire::CoverageArea &area) {
  area_ = &area;
  ++generation_;
  area.used = 0;
  area.left_out = 0;
  index_.fill(0);
  pending_count_ = 0;
}

/// Returns the place in the index for an address. There always is one: the index is twice as large as the table.
std::uint32_t *CodeCounter::slot_of(std::uint64_t address) {
  const auto low = static_cast<std::uint32_t>(address);
  std::size_t at = (low * std::uint64_t{0x9e3779b97f4a7c15} >> 32) % kIndexed;
  while (index_[at] != 0 && area_->count[index_[at] - 1].low != low) at = (at + 1) % kIndexed;
  return &index_[at];
}

CodeCounter::Counted CodeCounter::add(std::uint64_t address, std::uint32_t reports, const Ways &ways) {
  if (area_ == nullptr) return kNone;
  std::uint32_t *slot = slot_of(address);
  if (*slot == 0 || area_->count[*slot - 1].reports != reports) {
    if (area_->used >= area_->count.size()) {
      ++area_->left_out;
      return kNone;
    }
    area_->count[area_->used] = {.low = static_cast<std::uint32_t>(address), .reports = reports};
    ways_[area_->used] = ways;
    *slot = static_cast<std::uint32_t>(++area_->used);
  }
  return std::uint64_t{generation_} << 32 | (*slot - 1);
}

void CodeCounter::executes(Counted counted) {
  if (is_present(counted)) ++area_->count[static_cast<std::uint32_t>(counted)].times;
}

void CodeCounter::jumps(Counted counted, std::uint64_t stack) {
  if (!is_present(counted)) return;
  // If there is no room, the first one gives way: its thread has ended, or it left all modules.
  const std::size_t at = pending_count_ < kMostPending ? pending_count_++ : 0;
  pending_[at] = {.stack = stack, .slot = static_cast<std::uint32_t>(counted)};
}

void CodeCounter::arrives(std::uint64_t address, std::uint64_t stack) {
  for (std::size_t i = 0; i < pending_count_; ++i) {
    const Pending one = pending_[i];
    const Ways &ways = ways_[one.slot];
    if (one.stack != stack || (ways.on != address && ways.target != address)) continue;
    wire::CodeCount &count = area_->count[one.slot];
    ++(ways.target == address ? count.taken : count.fell);
    pending_[i] = pending_[--pending_count_];
    return;
  }
}

}  // namespace kmodtest::emulator
