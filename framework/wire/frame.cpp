// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/frame.hpp"

#include <zlib.h>

#include "wire/codec.hpp"

namespace kmodtest::wire {

namespace {

constexpr std::string_view kFrameMagic = "KMT";
constexpr std::uint16_t kFirstRequest = 1;
constexpr std::uint16_t kFirstAgentMessage = 0x101;

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const unsigned char *>(bytes.data()), static_cast<unsigned>(bytes.size())));
}

void append(std::string &to, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>((value >> (8 * i)) & 0xff);
}

std::uint32_t read(std::string_view from, std::size_t at, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(from[at + static_cast<std::size_t>(i)])) << (8 * i);
  }
  return value;
}

template <class Variant>
std::string payload_of(const Variant &message) {
  Writer writer;
  std::visit([&](const auto &alternative) { writer.put(alternative); }, message);
  return writer.take();
}

template <class Variant>
std::string encode_message(const Variant &message, std::uint16_t first_type, std::uint32_t id) {
  Frame frame;
  frame.type = static_cast<std::uint16_t>(first_type + message.index());
  frame.id = id;
  frame.payload = payload_of(message);
  return encode_frame(frame);
}

template <class Variant, std::size_t... Index>
std::optional<Variant> decode_message(const Frame &frame, std::uint16_t first_type, std::string *error,
                                      std::index_sequence<Index...>) {
  std::optional<Variant> message;
  const auto wanted = static_cast<std::size_t>(frame.type - first_type);
  if (frame.type < first_type || wanted >= sizeof...(Index)) {
    if (error) *error = "unknown message type " + std::to_string(frame.type);
    return std::nullopt;
  }
  Reader reader(frame.payload);
  auto try_one = [&]<std::size_t I>() {
    if (I != wanted) return;
    message.emplace(std::in_place_index<I>);
    reader.get(std::get<I>(*message));
  };
  (try_one.template operator()<Index>(), ...);
  reader.finish();
  if (!reader.error().empty()) {
    if (error) *error = "malformed message of type " + std::to_string(frame.type) + ": " + reader.error();
    return std::nullopt;
  }
  return message;
}

}  // namespace

std::string encode_frame(const Frame &frame) {
  std::string bytes;
  bytes.reserve(kFrameHeaderSize + frame.payload.size() + 4);
  bytes += kFrameMagic;
  append(bytes, kProtocolVersion, 1);
  append(bytes, frame.type, 2);
  append(bytes, 0, 2);
  append(bytes, frame.id, 4);
  append(bytes, static_cast<std::uint32_t>(frame.payload.size()), 4);
  bytes += frame.payload;
  append(bytes, checksum(bytes), 4);
  return bytes;
}

void FrameDecoder::feed(std::string_view bytes) {
  if (!error_.empty()) return;
  if (consumed_ > 0 && consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
  }
  buffer_ += bytes;
}

std::optional<Frame> FrameDecoder::next() {
  if (!error_.empty()) return std::nullopt;
  const std::string_view rest = std::string_view(buffer_).substr(consumed_);
  auto fail = [this](std::string what) {
    error_ = std::move(what);
    buffer_.clear();
    consumed_ = 0;
    return std::nullopt;
  };
  // Checked as early as possible: garbage must not wait for the bytes of a made-up length.
  const std::size_t known = rest.size() < kFrameMagic.size() ? rest.size() : kFrameMagic.size();
  if (rest.substr(0, known) != kFrameMagic.substr(0, known)) return fail("no frame starts here (bad magic)");
  if (rest.size() > kFrameMagic.size()) {
    const auto version = read(rest, 3, 1);
    if (version != kProtocolVersion) {
      return fail("the other side speaks protocol version " + std::to_string(version) + ", this one " +
                  std::to_string(kProtocolVersion));
    }
  }
  if (rest.size() < kFrameHeaderSize) return std::nullopt;
  if (read(rest, 6, 2) != 0) return fail("the reserved field of a frame is not zero");
  const std::size_t length = read(rest, 12, 4);
  if (length > kMaxPayload) {
    return fail("a frame of " + std::to_string(length) + " bytes is larger than the limit of " +
                std::to_string(kMaxPayload));
  }
  const std::size_t whole = kFrameHeaderSize + length + 4;
  if (rest.size() < whole) return std::nullopt;
  if (checksum(rest.substr(0, whole - 4)) != read(rest, whole - 4, 4)) return fail("a frame's checksum is wrong");

  Frame frame;
  frame.type = static_cast<std::uint16_t>(read(rest, 4, 2));
  frame.id = read(rest, 8, 4);
  frame.payload.assign(rest.substr(kFrameHeaderSize, length));
  consumed_ += whole;
  if (consumed_ >= kMaxPayload) {  // limits the buffered bytes without moving them for every frame
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  return frame;
}

std::string encode(const Request &request, std::uint32_t id) {
  return encode_message(request, kFirstRequest, id);
}
std::string encode(const AgentMessage &report, std::uint32_t id) {
  return encode_message(report, kFirstAgentMessage, id);
}

std::optional<Request> decode_request(const Frame &frame, std::string *error) {
  return decode_message<Request>(frame, kFirstRequest, error, std::make_index_sequence<std::variant_size_v<Request>>());
}

std::optional<AgentMessage> decode_agent_message(const Frame &frame, std::string *error) {
  return decode_message<AgentMessage>(frame, kFirstAgentMessage, error,
                                      std::make_index_sequence<std::variant_size_v<AgentMessage>>());
}

std::size_t payload_size(const Request &request) {
  return payload_of(request).size();
}

}  // namespace kmodtest::wire
