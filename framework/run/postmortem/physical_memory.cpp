// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/physical_memory.hpp"

#include <algorithm>

namespace kmodtest::run {

void PhysicalMemory::fetch(const std::vector<vm::MemoryRange> &places) {
  std::vector<vm::MemoryRange> missing;
  for (const vm::MemoryRange &place : places) {
    if (place.bytes == 0) continue;
    for (std::uint64_t page = place.begin / kPage; page <= (place.begin + place.bytes - 1) / kPage; ++page) {
      if (pages_.try_emplace(page).second) missing.push_back({.begin = page * kPage, .bytes = kPage});
    }
  }
  // QEMU's answer to one question has a limit.
  constexpr std::size_t kMost = 256;
  for (std::size_t at = 0; at < missing.size(); at += kMost) {
    const std::vector<vm::MemoryRange> some(
        missing.begin() + static_cast<std::ptrdiff_t>(at),
        missing.begin() + static_cast<std::ptrdiff_t>(std::min(missing.size(), at + kMost)));
    const std::vector<std::string> pieces = guest_.pieces(some);
    for (std::size_t i = 0; i < some.size() && i < pieces.size(); ++i) pages_[some[i].begin / kPage] = pieces[i];
  }
}

const std::string &PhysicalMemory::page(std::uint64_t at) {
  fetch({{.begin = at, .bytes = 1}});
  return pages_[at / kPage];
}

std::optional<std::string> PhysicalMemory::bytes(std::uint64_t at, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::uint64_t next = at + all.size();
    const std::string &content = page(next);
    if (content.size() != kPage) return std::nullopt;
    all += content.substr(next % kPage, size - all.size());
  }
  return all;
}

std::string PhysicalMemory::text(std::uint64_t at, std::size_t most) {
  std::string all;
  while (all.size() < most) {
    const auto next = bytes(at + all.size(), 1);
    if (!next || next->front() == '\0') break;
    all += *next;
  }
  return all;
}

}  // namespace kmodtest::run
