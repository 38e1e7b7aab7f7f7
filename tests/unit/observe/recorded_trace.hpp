// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/scratch_folder.hpp"
#include "wire/frame.hpp"
#include "wire/message.hpp"

namespace kmodtest::observe {

/// Returns the agent messages of tests/data/sched/NAME.reports (its README has the format); none if it cannot be read.
inline std::vector<wire::AgentMessage> recorded_trace(const std::string &name) {
  const std::string bytes = support::read_file(std::string(KMODTEST_TEST_DATA "/sched/") + name + ".reports");
  constexpr std::size_t kHead = 6;
  std::vector<wire::AgentMessage> reports;
  for (std::size_t at = 0; at + kHead <= bytes.size();) {
    wire::Frame frame;
    std::uint32_t size = 0;
    std::memcpy(&frame.type, bytes.data() + at, sizeof frame.type);
    std::memcpy(&size, bytes.data() + at + sizeof frame.type, sizeof size);
    frame.payload = bytes.substr(at + kHead, size);
    at += kHead + size;
    std::string error;
    if (auto report = wire::decode_agent_message(frame, &error)) reports.push_back(std::move(*report));
  }
  return reports;
}

}  // namespace kmodtest::observe
