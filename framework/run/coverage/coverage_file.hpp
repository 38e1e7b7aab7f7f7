// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "wire/coverage_memory.hpp"

namespace kmodtest::run {

/// What the library in QEMU counted.
struct CodeCounts {
  std::vector<wire::CodeCount> counts;
  std::uint64_t left_out = 0;  ///< instructions for which there was no room
};

/// Reads the counts since the guest was restored (wire/coverage_memory.hpp). Throws base::Error if QEMU does not count.
CodeCounts read_code_counts(const std::filesystem::path &file);

/// Returns the agent's messages in a guest's shared memory, as bytes; empty if the file cannot be read.
std::string read_report_bytes(const std::filesystem::path &shared_memory);

}  // namespace kmodtest::run
