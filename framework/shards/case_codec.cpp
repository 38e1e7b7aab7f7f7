// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/case_codec.hpp"

#include "shards/case_fields.hpp"

namespace kmodtest::shards {

template <class Visitor>
void fields_of(Visitor &v, ListedCase &listed) {
  v(listed.number, listed.test_case, listed.shard);
}
template <class Visitor>
void fields_of(Visitor &v, KeptCase &kept) {
  v(kept.history_key, kept.finished);
}

namespace {

template <class T>
std::string bytes_of(const T &value) {
  wire::Writer writer;
  writer.put(value);
  return writer.take();
}

template <class T>
std::optional<T> value_of(std::string_view bytes) {
  T value;
  wire::Reader reader(bytes);
  reader.get(value);
  reader.finish();
  if (!reader.error().empty()) return std::nullopt;
  return value;
}

}  // namespace

std::string encode(const KeptCase &kept) {
  return bytes_of(kept);
}

std::string encode(const ListedCase &listed) {
  return bytes_of(listed);
}

std::optional<KeptCase> decode_case(std::string_view bytes) {
  auto kept = value_of<KeptCase>(bytes);
  if (kept && !kept->finished.test_case) return std::nullopt;
  return kept;
}

std::optional<ListedCase> decode_listed(std::string_view bytes) {
  return value_of<ListedCase>(bytes);
}

}  // namespace kmodtest::shards
