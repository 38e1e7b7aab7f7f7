// SPDX-License-Identifier: GPL-2.0-or-later
// The messages inside frames. The first two bytes are the frame's type, the rest is its payload.
#include <string>

#include "property.hpp"
#include "wire/frame.hpp"

namespace {

using namespace kmodtest;

wire::Frame only_frame(const std::string &bytes) {
  wire::FrameDecoder decoder;
  decoder.feed(bytes);
  auto frame = decoder.next();
  fuzz::require(frame.has_value(), "what was encoded is a frame");
  fuzz::require(!decoder.next() && decoder.error().empty(), "what was encoded is one frame");
  return *frame;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 2) return 0;
  wire::Frame frame;
  frame.type = static_cast<std::uint16_t>(data[0] | data[1] << 8);
  frame.id = 7;
  frame.payload = fuzz::as_text(data + 2, size - 2);

  std::string request_error;
  const auto request = wire::decode_request(frame, &request_error);
  fuzz::require(request.has_value() == request_error.empty(), "a request decodes or has an error");
  if (request) {
    fuzz::require(only_frame(wire::encode(*request, frame.id)) == frame,
                  "a request encodes to what it was decoded from");
    fuzz::require(wire::payload_size(*request) == frame.payload.size(), "payload_size is the size of the payload");
  }

  std::string report_error;
  const auto report = wire::decode_agent_message(frame, &report_error);
  fuzz::require(report.has_value() == report_error.empty(), "a report decodes or has an error");
  if (report) {
    fuzz::require(only_frame(wire::encode(*report, frame.id)) == frame, "a report encodes to what it was decoded from");
  }
  fuzz::require(!(request && report), "no type is both a request and a report");
  return 0;
}
