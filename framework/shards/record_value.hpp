// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/codec.hpp"

/// The bytes of a value in a record.
namespace kmodtest::shards {

template <class T>
std::string bytes_of(const T &value) {
  wire::Writer writer;
  writer.put(value);
  return writer.take();
}

/// Returns nothing if these are not the bytes of such a value.
template <class T>
std::optional<T> value_of(std::string_view bytes) {
  T value;
  wire::Reader reader(bytes);
  reader.get(value);
  reader.finish();
  if (!reader.error().empty()) return std::nullopt;
  return value;
}

}  // namespace kmodtest::shards
