// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/device_bytes.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>
#include <linux/ioctl.h>
#include <optional>
#include <regex>
#include <sstream>

#include "plan/diagnostics.hpp"
#include "text/number.hpp"
#include "text/replace.hpp"

namespace kmodtest::plan {
namespace {

constexpr std::size_t kMostZeros = wire::kMostDeviceBytes;

/// A type of C, by the names that headers of drivers use.
struct Integer {
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array kTypes{
    Integer{"char", 1},           Integer{"unsigned char", 1}, Integer{"__u8", 1},     Integer{"__s8", 1},
    Integer{"uint8_t", 1},        Integer{"int8_t", 1},        Integer{"short", 2},    Integer{"__u16", 2},
    Integer{"__s16", 2},          Integer{"uint16_t", 2},      Integer{"int16_t", 2},  Integer{"int", 4},
    Integer{"unsigned int", 4},   Integer{"unsigned", 4},      Integer{"__u32", 4},    Integer{"__s32", 4},
    Integer{"uint32_t", 4},       Integer{"int32_t", 4},       Integer{"long", 8},     Integer{"unsigned long", 8},
    Integer{"__u64", 8},          Integer{"__s64", 8},         Integer{"uint64_t", 8}, Integer{"int64_t", 8},
    Integer{"unsigned short", 2}, Integer{"size_t", 8},        Integer{"void *", 8}};

std::optional<std::int64_t> number_of(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const auto value = text::whole_number<std::uint64_t>(hex ? text.substr(2) : text, hex ? 16 : 10);
  if (!value || text.starts_with('-')) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - *value : *value);
}

/// Returns whether a number fits into a field: an unsigned one for `u`, a signed one for `i`.
bool fits(std::int64_t value, char sign, std::size_t bits) {
  if (bits == 64) return true;
  if (sign == 'u') return value >= 0 && value < (std::int64_t{1} << bits);
  return value >= -(std::int64_t{1} << (bits - 1)) && value < (std::int64_t{1} << (bits - 1));
}

void add(wire::BytePattern &to, std::string_view values, bool known = true) {
  to.values += values;
  to.known.append(values.size(), known ? '\1' : '\0');
}

/// Adds one word; returns what is wrong with it, or nothing.
std::string add_word(wire::BytePattern &to, const std::string &word, bool any) {
  const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  if (word.size() == 2 && is_hex(word[0]) && is_hex(word[1])) {
    add(to, std::string(1, static_cast<char>(text::whole_number<unsigned>(word, 16).value_or(0))));
    return {};
  }
  if (any && word == "??") {
    add(to, std::string(1, '\0'), false);
    return {};
  }
  const auto equals = word.find('=');
  const std::string kind = word.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
  if (kind == "text") {
    add(to, value);
    return {};
  }
  if (kind == "zeros" || (any && kind == "any")) {
    const auto count = number_of(value);
    if (!count || *count < 0 || *count > static_cast<std::int64_t>(kMostZeros)) return "is not a number of bytes";
    add(to, std::string(static_cast<std::size_t>(*count), '\0'), kind == "zeros");
    return {};
  }
  const auto bits = kind.empty() ? std::nullopt : text::whole_number<std::size_t>(std::string_view(kind).substr(1));
  const bool is_field = !kind.empty() && (kind[0] == 'u' || kind[0] == 'i') && bits &&
                        (*bits == 8 || *bits == 16 || *bits == 32 || *bits == 64);
  if (!is_field) return "is neither a byte such as 7f nor a field such as u32=5";
  const auto number = number_of(value);
  if (!number || !fits(*number, kind[0], *bits)) return fmt::format("has no number that fits into {}", kind);
  for (std::size_t byte = 0; byte < *bits / 8; ++byte)
    add(to, std::string(1, static_cast<char>(static_cast<std::uint64_t>(*number) >> (8 * byte))));
  return {};
}

std::optional<std::size_t> size_of(const std::string &text) {
  for (const Integer &one : kTypes)
    if (one.name == text) return one.bytes;
  return text::whole_number<std::size_t>(text);
}

}  // namespace

Value<wire::BytePattern> parse_bytes(std::string_view text, bool any) {
  using V = Value<wire::BytePattern>;
  wire::BytePattern bytes;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (const std::string wrong = add_word(bytes, word, any); !wrong.empty())
      return V::bad(Code::bad_step,
                    fmt::format("{} {} (e.g. \"01 ff u32=5 zeros=8{}\")", quote(word), wrong, any ? " ??" : ""));
    if (bytes.values.size() > wire::kMostDeviceBytes)
      return V::bad(Code::out_of_range, fmt::format("more than {} bytes", wire::kMostDeviceBytes));
  }
  return V::of(std::move(bytes));
}

Value<std::uint64_t> parse_request(std::string_view text) {
  using V = Value<std::uint64_t>;
  const std::string plain(text::trimmed(text));
  if (const auto number = plain_number(plain)) return V::of(*number);
  static const std::regex form(
      R"re((_IO|_IOR|_IOW|_IOWR)\s*\(\s*('(.)'|0x[0-9a-fA-F]+|[0-9]+)\s*,\s*(0x[0-9a-fA-F]+|[0-9]+)\s*(,\s*([^)]+?)\s*)?\))re");
  std::smatch part;
  static const std::regex name("[A-Za-z_][A-Za-z0-9_]*");
  if (std::regex_match(plain, name))
    return V::bad(Code::bad_step,
                  fmt::format("{} is a name: name its header, too (header: FILE), or write the number, or what the "
                              "header defines it as (e.g. _IOR('k', 2, __u32))",
                              quote(plain)));
  if (!std::regex_match(plain, part, form))
    return V::bad(Code::bad_step,
                  fmt::format("{} is not the number of an ioctl (e.g. 0x5401 or _IOR('k', 2, __u32))", quote(plain)));
  const std::string macro = part[1];
  const std::int64_t type = part[3].matched ? part[3].str()[0] : number_of(part[2].str()).value_or(-1);
  const std::int64_t number = number_of(part[4].str()).value_or(-1);
  const bool sized = macro != "_IO";
  const auto size = part[6].matched ? size_of(part[6].str()) : std::optional<std::size_t>(0);
  if (sized != part[5].matched)
    return V::bad(Code::bad_step, fmt::format("{} takes {} arguments", macro, sized ? "three" : "two"));
  if (!size || *size >= (1u << _IOC_SIZEBITS))
    return V::bad(Code::bad_step,
                  fmt::format("{} is neither a type such as int or __u64 nor a size from 0 to {} (for a struct, write "
                              "its size in bytes)",
                              quote(part[6].str()), (1u << _IOC_SIZEBITS) - 1));
  if (type < 0 || type > 255 || number < 0 || number > 255)
    return V::bad(Code::bad_step,
                  fmt::format("{} begins with a character or a number, and a number, both from 0 to 255", macro));
  const std::uint64_t direction =
      (macro == "_IOR" || macro == "_IOWR" ? _IOC_READ : 0u) | (macro == "_IOW" || macro == "_IOWR" ? _IOC_WRITE : 0u);
  return V::of(direction << _IOC_DIRSHIFT | static_cast<std::uint64_t>(type) << _IOC_TYPESHIFT |
               static_cast<std::uint64_t>(number) << _IOC_NRSHIFT | *size << _IOC_SIZESHIFT);
}

std::optional<std::uint64_t> plain_number(std::string_view text) {
  const auto number = number_of(text::trimmed(text));
  return number ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

void make_room(wire::Ioctl &call) {
  const std::size_t expected = (call.request >> _IOC_SIZESHIFT) & _IOC_SIZEMASK;
  const std::size_t size = std::max({call.bytes.size(), call.gives.values.size(), expected});
  if (!call.number) call.bytes.resize(std::min(size, wire::kMostDeviceBytes));
}

}  // namespace kmodtest::plan
