// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/case_codec.hpp"

#include "shards/case_fields.hpp"
#include "shards/record_value.hpp"

namespace kmodtest::shards {

template <class Visitor>
void fields_of(Visitor &v, ListedCase &listed) {
  v(listed.number, listed.test_case, listed.shard);
}
template <class Visitor>
void fields_of(Visitor &v, KeptCase &kept) {
  v(kept.history_key, kept.finished);
}

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
