// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// A file of records, to which one process appends and which another one can read at the same time. Each record has its
/// kind, its sizes, a checksum, and its bytes, compressed by zlib if that makes them smaller.
namespace kmodtest::shards {

enum class RecordKind : char { listed = 'L', notice = 'N', finished = 'F', message = 'M' };

struct Record {
  RecordKind kind = RecordKind::notice;
  std::string bytes;
};

/// Returns the bytes of a record in the file.
std::string pack_record(RecordKind kind, std::string_view bytes);

/// Takes the bytes of a file in pieces of any size, and returns its records.
class RecordDecoder {
 public:
  void feed(std::string_view bytes);
  /// Returns the next whole record; nothing if there is none, or after damage.
  std::optional<Record> next();
  /// Returns whether the bytes so far cannot be the start of a file of records.
  bool damaged() const { return damaged_; }
  /// Returns whether the bytes so far end with a whole record.
  bool whole() const { return !damaged_ && consumed_ == buffer_.size(); }

 private:
  std::string buffer_;
  std::size_t consumed_ = 0;
  bool damaged_ = false;
};

}  // namespace kmodtest::shards
