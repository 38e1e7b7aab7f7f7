// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/records.hpp"

#include <array>
#include <cstdint>
#include <utility>
#include <zlib.h>

#include "base/error.hpp"
#include "wire/codec.hpp"

namespace kmodtest::shards {

namespace {

constexpr std::uint8_t kMark = 0xA7;                ///< the first byte of each record
constexpr std::size_t kHeader = 1 + 1 + 4 + 4 + 4;  ///< mark, kind, size, size as stored, checksum
constexpr std::uint32_t kLargest = 1U << 30;
constexpr std::size_t kWorthPacking = 200;

struct Header {
  std::uint8_t mark = kMark;
  std::uint8_t kind = 0;
  std::uint32_t size = 0, stored = 0, checksum = 0;
  template <class Visitor>
  void fields(Visitor &v) {
    v(mark, kind, size, stored, checksum);
  }
};

std::uint32_t checksum_of(std::uint8_t kind, std::string_view bytes) {
  const auto *data = reinterpret_cast<const Bytef *>(bytes.data());
  const uLong start = crc32(crc32(0, nullptr, 0), &kind, 1);
  return static_cast<std::uint32_t>(crc32(start, data, static_cast<uInt>(bytes.size())));
}

/// Returns the bytes compressed, or as they are if that is not longer.
std::string stored_form(std::string_view bytes) {
  if (bytes.size() < kWorthPacking) return std::string(bytes);
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string packed(size, '\0');
  const auto *from = reinterpret_cast<const Bytef *>(bytes.data());
  const int result =
      compress2(reinterpret_cast<Bytef *>(packed.data()), &size, from, static_cast<uLong>(bytes.size()), Z_BEST_SPEED);
  if (result != Z_OK || size >= bytes.size()) return std::string(bytes);
  packed.resize(size);
  return packed;
}

std::optional<std::string> unpacked(std::string_view stored, std::uint32_t size) {
  if (stored.size() == size) return std::string(stored);
  std::string bytes(size, '\0');
  uLongf length = size;
  const int result = uncompress(reinterpret_cast<Bytef *>(bytes.data()), &length,
                                reinterpret_cast<const Bytef *>(stored.data()), static_cast<uLong>(stored.size()));
  if (result != Z_OK || length != size) return std::nullopt;
  return bytes;
}

bool is_known(std::uint8_t kind) {
  for (const RecordKind each : {RecordKind::listed, RecordKind::notice, RecordKind::finished, RecordKind::message}) {
    if (kind == static_cast<std::uint8_t>(each)) return true;
  }
  return false;
}

}  // namespace

std::string pack_record(RecordKind kind, std::string_view bytes) {
  if (bytes.size() > kLargest) {
    throw base::Error(base::Code::disk_full, "the result of a case takes more than 1 GiB",
                      "limit what the case prints, and leave out --trace");
  }
  const std::string stored = stored_form(bytes);
  Header header;
  header.kind = static_cast<std::uint8_t>(kind);
  header.size = static_cast<std::uint32_t>(bytes.size());
  header.stored = static_cast<std::uint32_t>(stored.size());
  header.checksum = checksum_of(header.kind, stored);
  wire::Writer writer;
  writer.put(header);
  return writer.take() + stored;
}

void RecordDecoder::feed(std::string_view bytes) {
  buffer_.erase(0, consumed_);
  consumed_ = 0;
  buffer_ += bytes;
}

std::optional<Record> RecordDecoder::next() {
  const std::string_view rest = std::string_view(buffer_).substr(consumed_);
  if (damaged_ || rest.size() < kHeader) return std::nullopt;
  Header header;
  wire::Reader reader(rest.substr(0, kHeader));
  reader.get(header);
  damaged_ = header.mark != kMark || !is_known(header.kind) || header.size > kLargest || header.stored > header.size;
  if (damaged_ || rest.size() - kHeader < header.stored) return std::nullopt;
  const std::string_view stored = rest.substr(kHeader, header.stored);
  damaged_ = checksum_of(header.kind, stored) != header.checksum;
  if (damaged_) return std::nullopt;
  auto bytes = unpacked(stored, header.size);
  damaged_ = !bytes;
  if (damaged_) return std::nullopt;
  consumed_ += kHeader + header.stored;
  return Record{static_cast<RecordKind>(header.kind), std::move(*bytes)};
}

}  // namespace kmodtest::shards
