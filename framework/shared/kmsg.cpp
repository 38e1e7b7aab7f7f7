// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/kmsg.hpp"

#include <cstdint>
#include <cstdio>
#include <limits>

#include "text/number.hpp"
#include "wire/message.hpp"

namespace kmodtest::shared {
namespace {

constexpr char kSeparator = ',';
constexpr std::uint64_t kLevels = 8;

/// Cuts the next comma-separated field off `rest`.
std::string_view take_field(std::string_view &rest) {
  const std::size_t comma = rest.find(kSeparator);
  const std::string_view field = rest.substr(0, comma);
  rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  return field;
}

/// Parses a field that consists of digits, at most `max`.
std::optional<std::uint64_t> parse_number(std::string_view field, std::uint64_t max) {
  const auto value = text::whole_number<std::uint64_t>(field);
  return value && *value <= max ? value : std::nullopt;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Undoes \xNN; leaves everything else that starts with a backslash.
std::string unescape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && text.size() - i >= 4 && text[i + 1] == 'x') {
      const int high = hex_digit(text[i + 2]);
      const int low = hex_digit(text[i + 3]);
      if (high >= 0 && low >= 0) {
        result.push_back(static_cast<char>(high * 16 + low));
        i += 3;
        continue;
      }
    }
    result.push_back(text[i]);
  }
  return result;
}

}  // namespace

std::optional<wire::KernelLogLine> parse_kmsg(std::string_view record) {
  const std::string_view line = record.substr(0, record.find('\n'));
  const std::size_t semicolon = line.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;

  std::string_view prefix = line.substr(0, semicolon);
  constexpr std::uint64_t kMaxPriority = (std::numeric_limits<std::uint8_t>::max() + 1u) * kLevels - 1;
  constexpr auto kMaxTime = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto priority = parse_number(take_field(prefix), kMaxPriority);
  const auto sequence = parse_number(take_field(prefix), std::numeric_limits<std::uint64_t>::max());
  const auto time = parse_number(take_field(prefix), kMaxTime);
  if (!priority || !sequence || !time) return std::nullopt;

  wire::KernelLogLine result;
  result.level = static_cast<std::uint8_t>(*priority % kLevels);
  result.facility = static_cast<std::uint8_t>(*priority / kLevels);
  result.sequence = *sequence;
  result.time = wire::Microseconds(static_cast<std::int64_t>(*time));
  // There are flags here, and whatever later kernels add; only the caller is of use.
  while (!prefix.empty()) {
    constexpr std::string_view kCaller = "caller=";
    const std::string_view field = take_field(prefix);
    if (field.starts_with(kCaller)) result.caller = std::string(field.substr(kCaller.size()));
  }
  result.text = unescape(line.substr(semicolon + 1));
  return result;
}

std::string render_dmesg(const wire::KernelLogLine &line) {
  constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
  char stamp[48];
  std::snprintf(stamp, sizeof stamp, "[%5lld.%06lld] ",
                static_cast<long long>(line.time.count() / kMicrosecondsPerSecond),
                static_cast<long long>(line.time.count() % kMicrosecondsPerSecond));
  return stamp + line.text;
}

bool is_marker(const wire::KernelLogLine &line) {
  constexpr std::uint8_t kUser = 1;  // <linux/printk.h>: a record from /dev/kmsg never has facility "kernel"
  return line.facility == kUser && line.text.starts_with(wire::kMarkerPrefix);
}

bool is_autopsy_marker(const wire::KernelLogLine &line) {
  return is_marker(line) && line.text.starts_with(wire::kAutopsyMarker);
}

}  // namespace kmodtest::shared
