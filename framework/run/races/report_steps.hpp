// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/message.hpp"

namespace kmodtest::run {

/// The bytes of the agent's messages as a clock: what had started when there were so many of them.
class ReportSteps {
 public:
  explicit ReportSteps(std::string_view report_bytes);

  /// Returns the step of the guest's program that had started last; nothing if none had.
  std::optional<std::uint32_t> at(std::uint64_t bytes) const;

 private:
  std::vector<std::pair<std::uint64_t, std::uint32_t>> started_;
};

/// Returns the number of bytes up to the end of the last of these messages, which are the first ones. What is damaged
/// ends the search.
std::uint64_t bytes_until(std::string_view report_bytes, const std::vector<wire::AgentMessage> &messages,
                          std::size_t count);

}  // namespace kmodtest::run
