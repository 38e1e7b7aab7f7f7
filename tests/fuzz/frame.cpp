// SPDX-License-Identifier: GPL-2.0-or-later
// The frame decoder. The first byte selects how the rest arrives: the number of bytes per piece (low seven bits), and
// whether the length and checksum of each frame are corrected first (high bit), since no mutation finds a correct
// checksum.
#include "wire/frame.hpp"

#include <algorithm>
#include <string>
#include <vector>
#include <zlib.h>

#include "property.hpp"

namespace {

using namespace kmodtest;

constexpr std::size_t kLengthAt = 12;
constexpr std::size_t kChecksumSize = 4;

void put_u32(std::string &bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>((value >> (8 * i)) & 0xff);
}

/// Splits the bytes into frames with at most 64 bytes of payload each, and corrects their envelopes.
std::string repaired(std::string bytes) {
  constexpr std::size_t kPayload = 64;
  for (std::size_t at = 0; at + wire::kFrameHeaderSize + kChecksumSize <= bytes.size();) {
    const std::size_t room = bytes.size() - at - wire::kFrameHeaderSize - kChecksumSize;
    const std::size_t length = std::min(room, kPayload);
    bytes.replace(at, 4, std::string("KMT") + static_cast<char>(wire::kProtocolVersion));
    put_u32(bytes, at + kLengthAt, static_cast<std::uint32_t>(length));
    const auto *start = reinterpret_cast<const unsigned char *>(bytes.data() + at);
    const auto sum = crc32(0, start, static_cast<unsigned>(wire::kFrameHeaderSize + length));
    put_u32(bytes, at + wire::kFrameHeaderSize + length, static_cast<std::uint32_t>(sum));
    at += wire::kFrameHeaderSize + length + kChecksumSize;
  }
  return bytes;
}

struct Decoded {
  std::vector<wire::Frame> frames;
  std::string error;
};

Decoded decode(const std::string &bytes, std::size_t piece) {
  wire::FrameDecoder decoder;
  Decoded decoded;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    decoder.feed(std::string_view(bytes).substr(at, piece));
    while (auto frame = decoder.next()) decoded.frames.push_back(*frame);
  }
  decoded.error = decoder.error();
  return decoded;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::max<std::size_t>(1, data[0] & 0x7f);
  std::string bytes(fuzz::as_text(data + 1, size - 1));
  if (data[0] & 0x80) bytes = repaired(std::move(bytes));

  const Decoded decoded = decode(bytes, piece);
  std::string again;
  for (const wire::Frame &frame : decoded.frames) {
    again += wire::encode_frame(frame);
    std::string why;
    if (!wire::decode_request(frame, &why)) fuzz::require(!why.empty(), "a request that is refused has a reason");
    why.clear();
    if (!wire::decode_agent_message(frame, &why)) fuzz::require(!why.empty(), "a report that is refused has a reason");
  }
  fuzz::require(bytes.starts_with(again), "frames encode to the bytes that they were decoded from");

  const Decoded at_once = decode(bytes, std::max<std::size_t>(1, bytes.size()));
  fuzz::require(at_once.frames == decoded.frames, "the size of the pieces does not matter");
  fuzz::require(at_once.error.empty() == decoded.error.empty(), "errors do not depend on the size of the pieces");

  wire::FrameDecoder decoder;
  decoder.feed(bytes);
  while (decoder.next()) {
  }
  if (!decoder.error().empty()) {
    decoder.feed(wire::encode(wire::Request(wire::Hello{}), 1));
    fuzz::require(!decoder.next(), "nothing comes after an error");
  }
  return 0;
}
