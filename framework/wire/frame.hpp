// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/message.hpp"

/// Frames: header (16 bytes, little endian), payload, crc32.
///
///     magic "KMT" u8[3] | protocol version u8 | type u16 | reserved u16 (0) | id u32 | length u32 | payload | crc32
///     u32
///
/// The checksum (zlib crc32) covers header and payload.
namespace kmodtest::wire {

inline constexpr std::size_t kFrameHeaderSize = 16;
inline constexpr std::size_t kMaxPayload = 1u << 20;   ///< 1 MiB
inline constexpr std::size_t kPushChunk = 256u << 10;  ///< bytes of file in one Push

struct Frame {
  std::uint16_t type = 0;
  std::uint32_t id = 0;  ///< of the request that it is or belongs to; 0: unsolicited
  std::string payload;

  bool operator==(const Frame &) const = default;
};

/// Returns the bytes of a frame. The payload must be at most kMaxPayload.
std::string encode_frame(const Frame &frame);

/// Takes bytes in pieces of any size, and returns frames. After the first error it returns nothing more: a stream that
/// has lost its place cannot be trusted.
class FrameDecoder {
 public:
  void feed(std::string_view bytes);
  /// Returns the next complete frame, or nothing.
  std::optional<Frame> next();
  /// Returns an empty text, or one sentence: bad magic, version, length or checksum.
  const std::string &error() const { return error_; }

 private:
  std::string buffer_;
  std::size_t consumed_ = 0;
  std::string error_;
};

/// A frame of the request or report. Types are the position in the variant: requests from 1, reports from 0x101.
std::string encode(const Request &request, std::uint32_t id);
std::string encode(const AgentMessage &report, std::uint32_t id);

/// Returns nothing if the type is unknown, the payload too short or too long, or a value out of its range; `error`
/// describes which.
std::optional<Request> decode_request(const Frame &frame, std::string *error);
std::optional<AgentMessage> decode_agent_message(const Frame &frame, std::string *error);

/// Returns the size that a request would have as payload, e.g. to refuse a program that is too large for one frame.
std::size_t payload_size(const Request &request);

}  // namespace kmodtest::wire
