// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "wire/message.hpp"

/// The encoding of messages: fields in the order of their struct's fields(), integers little endian, a string or list
/// as its u32 length and its elements, a variant as a u8 index and its alternative, an optional as a bool and its
/// value. Every value has exactly one encoding.
namespace kmodtest::wire {

template <class Enum>
constexpr Enum last_value();
template <>
constexpr Pattern::Kind last_value<Pattern::Kind>() {
  return Pattern::Kind::regex;
}
template <>
constexpr LogScope last_value<LogScope>() {
  return LogScope::here;
}
template <>
constexpr StepResult last_value<StepResult>() {
  return StepResult::refused;
}

/// Visits the fields of a value for writing or reading. A type without a function fields() has an overload of this
/// function in its own namespace.
template <class Visitor, class T>
void fields_of(Visitor &visitor, T &value) {
  value.fields(visitor);
}

class Writer {
 public:
  template <class... Fields>
  void operator()(Fields &...fields) {
    (put(fields), ...);
  }

  template <class T>
  void put(const T &value) {
    if constexpr (std::is_same_v<T, bool>) {
      put_integer<std::uint8_t>(value ? 1 : 0);
    } else if constexpr (std::is_enum_v<T>) {
      put_integer<std::uint8_t>(static_cast<std::uint8_t>(value));
    } else if constexpr (std::is_integral_v<T>) {
      put_integer<T>(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      put_integer(std::bit_cast<std::uint64_t>(static_cast<double>(value)));
    } else {
      // fields_of() is one function for both directions; writing only reads.
      fields_of(*this, const_cast<T &>(value));
    }
  }
  template <class Rep, class Period>
  void put(const std::chrono::duration<Rep, Period> &value) {
    put(value.count());
  }
  void put(const std::string &value) {
    put_integer<std::uint32_t>(static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
  }
  template <class T>
  void put(const std::vector<T> &values) {
    put_integer<std::uint32_t>(static_cast<std::uint32_t>(values.size()));
    for (const T &value : values) put(value);
  }
  template <class K, class V>
  void put(const std::map<K, V> &values) {
    put_integer<std::uint32_t>(static_cast<std::uint32_t>(values.size()));
    for (const auto &[key, value] : values) {
      put(key);
      put(value);
    }
  }
  template <class T>
  void put(const std::optional<T> &value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class... Alternatives>
  void put(const std::variant<Alternatives...> &value) {
    put_integer<std::uint8_t>(static_cast<std::uint8_t>(value.index()));
    (put_if<Alternatives>(value), ...);
  }

  std::string take() { return std::move(bytes_); }

 private:
  template <class Integer>
  void put_integer(Integer value) {
    const auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
    char bytes[sizeof(Integer)];
    for (std::size_t i = 0; i < sizeof(Integer); ++i) bytes[i] = static_cast<char>(bits >> (8 * i));
    bytes_.append(bytes, sizeof bytes);
  }
  template <class Alternative, class Variant>
  void put_if(const Variant &value) {
    if (const auto *alternative = std::get_if<Alternative>(&value)) put(*alternative);
  }

  std::string bytes_;
};

/// Reads the output of Writer. After the first error every further read does nothing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class... Fields>
  void operator()(Fields &...fields) {
    (get(fields), ...);
  }

  template <class T>
  void get(T &value) {
    if (!error_.empty()) return;
    if constexpr (std::is_same_v<T, bool>) {
      const auto raw = get_integer<std::uint8_t>();
      if (raw > 1) return fail("a bool that is neither 0 nor 1");
      value = raw != 0;
    } else if constexpr (std::is_enum_v<T>) {
      const auto raw = get_integer<std::uint8_t>();
      if (raw > static_cast<std::uint8_t>(last_value<T>())) return fail("an enumerator out of its range");
      value = static_cast<T>(raw);
    } else if constexpr (std::is_integral_v<T>) {
      value = get_integer<T>();
    } else if constexpr (std::is_floating_point_v<T>) {
      value = std::bit_cast<double>(get_integer<std::uint64_t>());
    } else {
      fields_of(*this, value);
    }
  }
  template <class Rep, class Period>
  void get(std::chrono::duration<Rep, Period> &value) {
    Rep count{};
    get(count);
    value = std::chrono::duration<Rep, Period>(count);
  }
  void get(std::string &value) {
    const auto size = get_size(1);
    value.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  template <class T>
  void get(std::vector<T> &values) {
    const auto size = get_size(1);
    values.clear();
    for (std::size_t i = 0; i < size && error_.empty(); ++i) get(values.emplace_back());
  }
  template <class K, class V>
  void get(std::map<K, V> &values) {
    const auto size = get_size(2);
    values.clear();
    for (std::size_t i = 0; i < size && error_.empty(); ++i) {
      K key{};
      V value{};
      get(key);
      get(value);
      if (!values.empty() && !(values.rbegin()->first < key)) return fail("keys out of order");
      values.emplace_hint(values.end(), std::move(key), std::move(value));
    }
  }
  template <class T>
  void get(std::optional<T> &value) {
    bool present = false;
    get(present);
    value.reset();
    if (present) get(value.emplace());
  }
  template <class... Alternatives>
  void get(std::variant<Alternatives...> &value) {
    const auto index = get_integer<std::uint8_t>();
    if (index >= sizeof...(Alternatives)) return fail("an unknown alternative");
    std::uint8_t position = 0;
    (get_if<Alternatives>(value, index, position++), ...);
  }

  void finish() {
    if (!rest_.empty()) fail("bytes after the end");
  }
  const std::string &error() const { return error_; }

 private:
  void fail(const char *what) {
    if (error_.empty()) error_ = what;
    rest_ = {};
  }
  template <class Integer>
  Integer get_integer() {
    if (!error_.empty()) return 0;
    if (rest_.size() < sizeof(Integer)) {
      fail("too short");
      return 0;
    }
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    }
    rest_.remove_prefix(sizeof(Integer));
    return static_cast<Integer>(bits);
  }
  /// Reads a length, and refuses it if the rest cannot contain that many elements: a hostile peer must not cause an
  /// allocation.
  std::size_t get_size(std::size_t least_element) {
    const auto size = get_integer<std::uint32_t>();
    if (size > rest_.size() / least_element) {
      fail("a length beyond the end");
      return 0;
    }
    return size;
  }
  template <class Alternative, class Variant>
  void get_if(Variant &value, std::uint8_t index, std::uint8_t position) {
    if (index == position) get(value.template emplace<Alternative>());
  }

  std::string_view rest_;
  std::string error_;
};

}  // namespace kmodtest::wire
