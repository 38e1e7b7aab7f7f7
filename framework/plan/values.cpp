// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/values.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <string>

#include "plan/diagnostics.hpp"
#include "text/cpu_list.hpp"
#include "text/number.hpp"
#include "text/replace.hpp"
#include "text/size.hpp"

namespace kmodtest::plan {
namespace {

constexpr std::int64_t kWeek = 7LL * 24 * 3600 * 1'000'000;

/// Takes a decimal number without sign or exponent off the front of the text.
std::optional<double> take_decimal(std::string_view &text) {
  std::size_t length = 0;
  int dots = 0;
  while (length < text.size() && ((text[length] >= '0' && text[length] <= '9') || text[length] == '.'))
    if (text[length++] == '.') ++dots;
  if (length == 0 || length > 18 || dots > 1 || text[0] == '.' || text[length - 1] == '.') return std::nullopt;
  const double value = std::stod(std::string(text.substr(0, length)));
  text.remove_prefix(length);
  return value;
}

/// Finds the sign of "A±B" in any of its spellings: its position and its length.
std::optional<std::pair<std::size_t, std::size_t>> find_plus_minus(std::string_view text) {
  for (const std::string_view sign : {"±", "+-", "+/-"})
    if (const std::size_t at = text.find(sign); at != std::string_view::npos) return std::pair(at, sign.size());
  return std::nullopt;
}

}  // namespace

Value<wire::Microseconds> parse_duration(std::string_view text) {
  using V = Value<wire::Microseconds>;
  std::string_view rest = text::trimmed(text);
  if (!rest.empty() && rest.front() == '-')
    return V::bad(Code::bad_duration, fmt::format("a duration cannot be negative: {}", quote(text)));
  if (rest == "0") return V::of(wire::Microseconds{0});
  const std::optional<double> number = take_decimal(rest);
  rest = text::trimmed(rest);
  double unit = 0;
  if (rest == "us" || rest == "µs")
    unit = 1;
  else if (rest == "ms")
    unit = 1e3;
  else if (rest == "s")
    unit = 1e6;
  else if (rest == "m" || rest == "min")
    unit = 60e6;
  else if (rest == "h")
    unit = 3600e6;
  if (number && rest.empty()) {
    const std::string shown(text::trimmed(text));
    return V::bad(Code::bad_duration, fmt::format("the duration {} has no unit (write {}s, {}ms or {}us)", quote(text),
                                                  shown, shown, shown));
  }
  if (!number || unit == 0)
    return V::bad(Code::bad_duration,
                  fmt::format("{} is not a duration (write it like 500ms, 1s, 1.5s, 2m or 100us)", quote(text)));
  const double microseconds = *number * unit;
  if (microseconds > static_cast<double>(kWeek))
    return V::bad(Code::bad_duration, fmt::format("the duration {} is longer than a week", quote(text)));
  return V::of(wire::Microseconds{std::llround(microseconds)});
}

Value<std::uint64_t> parse_size(std::string_view text) {
  using V = Value<std::uint64_t>;
  const std::string_view shown = text::trimmed(text);
  if (!shown.empty() && shown.front() == '-')
    return V::bad(Code::bad_size, fmt::format("a size cannot be negative: {}", quote(text)));
  std::size_t digits = 0;
  while (digits < shown.size() && shown[digits] >= '0' && shown[digits] <= '9') ++digits;
  const std::optional<std::int64_t> number = text::whole_number<std::int64_t>(shown.substr(0, digits));
  std::string_view unit = text::trimmed(shown.substr(digits));
  const std::optional<std::uint64_t> factor = unit.empty()  ? 1
                                              : unit == "k" ? text::bytes_of_unit("K")
                                                            : text::bytes_of_unit(unit);
  if (digits == 0 || !factor)
    return V::bad(Code::bad_size, fmt::format("{} is not a size (write it like 4096, 16K, 256M or 1G)", quote(text)));
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  if (!number || static_cast<std::uint64_t>(*number) > kLargest / *factor)
    return V::bad(Code::bad_size, fmt::format("the size {} is implausibly large", quote(text)));
  return V::of(static_cast<std::uint64_t>(*number) * *factor);
}

Value<std::int64_t> parse_integer(std::string_view text) {
  if (const auto number = text::whole_number<std::int64_t>(text::trimmed(text)))
    return Value<std::int64_t>::of(*number);
  return Value<std::int64_t>::bad(Code::bad_number, fmt::format("{} is not a whole number", quote(text)));
}

Value<wire::Range> parse_range(std::string_view text, bool sizes) {
  using V = Value<wire::Range>;
  constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();
  const std::string_view body = text::trimmed(text);
  const auto bad = [&] {
    return V::bad(
        Code::bad_range,
        fmt::format("{} is not a range (write it like 3, 2..5, '>= 2', '<= 5', '> 1' or '< 6')", quote(text)));
  };
  const auto number = [&](std::string_view part) -> std::optional<std::int64_t> {
    part = text::trimmed(part);
    if (!sizes) return text::whole_number<std::int64_t>(part);
    const Value<std::uint64_t> size = parse_size(part);
    if (!size.value) return std::nullopt;
    return static_cast<std::int64_t>(*size.value);
  };
  if (const std::size_t dots = body.find(".."); dots != std::string_view::npos) {
    const auto low = number(body.substr(0, dots));
    const auto high = number(body.substr(dots + 2));
    if (!low || !high) return bad();
    if (*low > *high)
      return V::bad(Code::bad_range,
                    fmt::format("the range {} is empty (write the smaller number first)", quote(text)));
    return V::of({.min = *low, .max = *high});
  }
  if (body.starts_with(">=") || body.starts_with("<=")) {
    const auto limit = number(body.substr(2));
    if (!limit) return bad();
    return V::of(body[0] == '>' ? wire::Range{.min = *limit} : wire::Range{.min = kLowest, .max = *limit});
  }
  if (body.starts_with(">") || body.starts_with("<")) {
    const auto limit = number(body.substr(1));
    if (!limit || *limit == kHighest || *limit == kLowest) return bad();
    return V::of(body[0] == '>' ? wire::Range{.min = *limit + 1} : wire::Range{.min = kLowest, .max = *limit - 1});
  }
  const auto exactly = number(body);
  if (!exactly) return bad();
  return V::of({.min = *exactly, .max = *exactly});
}

Value<Span> parse_interval(std::string_view text) {
  using V = Value<Span>;
  const std::string_view body = text::trimmed(text);
  const auto bad = [&] {
    return V::bad(
        Code::bad_interval,
        fmt::format("{} is not an interval (write it like '1s ± 20%', '100ms ± 30ms' or '80ms..150ms')", quote(text)));
  };
  if (const auto sign = find_plus_minus(body)) {
    const auto middle = parse_duration(body.substr(0, sign->first));
    std::string_view tolerance = text::trimmed(body.substr(sign->first + sign->second));
    if (!middle.value) return bad();
    wire::Microseconds off{0};
    if (!tolerance.empty() && tolerance.back() == '%') {
      tolerance = text::trimmed(tolerance.substr(0, tolerance.size() - 1));
      const auto percent = take_decimal(tolerance);
      if (!percent || !tolerance.empty()) return bad();
      if (*percent > 100)
        return V::bad(Code::bad_interval, fmt::format("the tolerance of {} is more than 100%", quote(text)));
      off = wire::Microseconds{std::llround(static_cast<double>(middle.value->count()) * *percent / 100)};
    } else {
      const auto duration = parse_duration(tolerance);
      if (!duration.value) return bad();
      off = *duration.value;
    }
    return V::of({.min = std::max(*middle.value - off, wire::Microseconds{0}), .max = *middle.value + off});
  }
  if (const std::size_t dots = body.find(".."); dots != std::string_view::npos) {
    const auto low = parse_duration(body.substr(0, dots));
    const auto high = parse_duration(body.substr(dots + 2));
    if (!low.value || !high.value) return bad();
    if (*low.value > *high.value)
      return V::bad(Code::bad_interval,
                    fmt::format("the interval {} is empty (write the shorter time first)", quote(text)));
    return V::of({.min = *low.value, .max = *high.value});
  }
  if (parse_duration(body).value)
    return V::bad(Code::bad_interval,
                  fmt::format("the interval {} has no tolerance (write '{} ± 20%')", quote(text), body));
  return bad();
}

Value<wire::Microseconds> parse_limit(std::string_view text) {
  std::string_view rest = text::trimmed(text);
  if (rest.starts_with('<')) rest.remove_prefix(1);
  if (rest.size() < text::trimmed(text).size() && rest.starts_with('=')) rest.remove_prefix(1);
  return parse_duration(rest);
}

Value<wire::Range> parse_share(std::string_view text) {
  using V = Value<wire::Range>;
  std::string plain;
  for (const char c : text)
    if (c != '%') plain += c;
  auto range = parse_range(plain);
  if (!range.value)
    return V::bad(Code::bad_range,
                  fmt::format("{} is not a share (write it like 45..55%, '>= 90%', '<= 5%' or 0%)", quote(text)));
  const auto beyond = [](std::int64_t end) {
    const bool open =
        end == std::numeric_limits<std::int64_t>::min() || end == std::numeric_limits<std::int64_t>::max();
    return !open && (end < 0 || end > 100);
  };
  if (beyond(range.value->min) || beyond(range.value->max))
    return V::bad(Code::bad_range, fmt::format("the share {} is not between 0% and 100%", quote(text)));
  return range;
}

Value<std::uint64_t> parse_cpu_list(std::string_view text) {
  using V = Value<std::uint64_t>;
  constexpr std::int64_t kMost = 64;
  if (text::trimmed(text).empty())
    return V::bad(Code::bad_cpu_list, "the CPU list is empty (write it like 0, 0-3 or 0,2)");
  const auto ranges = text::cpu_ranges(text);
  if (!ranges)
    return V::bad(Code::bad_cpu_list, fmt::format("{} is not a CPU list (write it like 0, 0-3 or 0,2)", quote(text)));
  std::uint64_t cpus = 0;
  for (const text::CpuRange &range : *ranges) {
    if (range.first < 0 || range.last < 0 || range.first >= kMost || range.last >= kMost)
      return V::bad(Code::bad_cpu_list,
                    fmt::format("CPU {} does not exist (CPUs are numbered from 0, a guest has at most {})",
                                range.first < 0 || range.first >= kMost ? range.first : range.last, kMost));
    if (range.first > range.last)
      return V::bad(Code::bad_cpu_list, fmt::format("the CPU range {} runs backwards", quote(range.written)));
    for (std::int64_t cpu = range.first; cpu <= range.last; ++cpu) cpus |= std::uint64_t{1} << cpu;
  }
  return V::of(cpus);
}

std::string format_cpu_list(std::uint64_t cpus) {
  std::string out;
  for (int cpu = 0; cpu < 64; ++cpu) {
    if ((cpus >> cpu & 1) == 0) continue;
    int last = cpu;
    while (last < 63 && (cpus >> (last + 1) & 1) != 0) ++last;
    if (!out.empty()) out += ',';
    out += last == cpu ? fmt::format("{}", cpu) : fmt::format("{}-{}", cpu, last);
    cpu = last;
  }
  return out;
}

}  // namespace kmodtest::plan
