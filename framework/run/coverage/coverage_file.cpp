// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/coverage/coverage_file.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "run/mapped_file.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::run {
CodeCounts read_code_counts(const std::filesystem::path &file) {
  const MappedFile mapped(file);
  const auto *area = static_cast<const wire::CoverageArea *>(mapped.memory());
  if (mapped.size() < wire::kCoverageBytes || area->engine != wire::CoverageArea::kMagic)
    throw base::Error(base::Code::no_coverage, "this QEMU cannot measure coverage",
                      "kmodtest doctor shows what QEMU lacks; the guest's log has more");
  const std::size_t used = std::min<std::uint64_t>(area->used, area->count.size());
  return {.counts = {area->count.begin(), area->count.begin() + static_cast<std::ptrdiff_t>(used)},
          .left_out = area->left_out};
}

std::string read_report_bytes(const std::filesystem::path &shared_memory) {
  const MappedFile mapped(shared_memory);
  if (mapped.size() < wire::kSharedMemoryBytes) return {};
  return std::string(wire::SharedMemory(mapped.memory(), mapped.size()).reports());
}

}  // namespace kmodtest::run
