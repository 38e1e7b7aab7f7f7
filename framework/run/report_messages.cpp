// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/report_messages.hpp"

#include <string>

#include "wire/frame.hpp"

namespace kmodtest::run {

void for_each_message(std::string_view report_bytes,
                      const std::function<bool(std::uint64_t end, const wire::AgentMessage &)> &hear) {
  constexpr std::size_t kCrc = 4;
  wire::FrameDecoder decoder;
  decoder.feed(report_bytes);
  std::uint64_t end = 0;
  while (const auto frame = decoder.next()) {
    end += wire::kFrameHeaderSize + frame->payload.size() + kCrc;
    std::string problem;
    const auto message = wire::decode_agent_message(*frame, &problem);
    if (message && !hear(end, *message)) return;
  }
}

}  // namespace kmodtest::run
