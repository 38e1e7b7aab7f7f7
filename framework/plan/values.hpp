// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_code.hpp"
#include "wire/program.hpp"

/// The notations of a plan's values. The functions are pure; an error is the whole message for the user.
namespace kmodtest::plan {

using base::Code;

template <class T>
struct Value {
  std::optional<T> value = {};
  std::string error = {};              ///< empty if there is a value
  base::Code code = base::Code::none;  ///< of `error`

  static Value of(T v) { return {.value = std::move(v)}; }
  static Value bad(base::Code code, const std::string &why) { return {.error = why, .code = code}; }
};

/// Parses "500ms", "1s", "1.5s", "2m", "100us"; at most a week.
Value<wire::Microseconds> parse_duration(std::string_view text);

/// Parses bytes: "4096", "16K", "256M", "1G" (powers of 1024).
Value<std::uint64_t> parse_size(std::string_view text);

/// Parses "3", "2..5", ">= 2", "<= 5", "> 1", "< 6". With `sizes`, the numbers are sizes.
Value<wire::Range> parse_range(std::string_view text, bool sizes = false);

struct Span {
  wire::Microseconds min{0};
  wire::Microseconds max{0};
  bool operator==(const Span &) const = default;
};

/// Parses "1s ± 20%", "1s +- 20%", "100ms ± 30ms", "80ms..150ms".
Value<Span> parse_interval(std::string_view text);

/// Parses an upper limit: "2ms", "< 2ms", "<= 2ms" (equivalent, because guest time has no finer steps).
Value<wire::Microseconds> parse_limit(std::string_view text);

/// Parses a range of whole percent: "45..55%", ">= 90%", "0%".
Value<wire::Range> parse_share(std::string_view text);

/// Parses a literal text, or /…/ with a POSIX extended regular expression, which is compiled to check it.
Value<wire::Pattern> parse_pattern(std::string_view text);

/// Parses "0-3,7" as a set of bits; CPUs 0 to 63.
Value<std::uint64_t> parse_cpu_list(std::string_view text);

/// Returns the list format of the kernel: "0-3,7"; "" for none.
std::string format_cpu_list(std::uint64_t cpus);

/// Parses a name such as EINVAL; "any" is -1.
Value<std::int32_t> parse_errno(std::string_view text);
std::vector<std::string> errno_names();

/// Parses a whole decimal number.
Value<std::int64_t> parse_integer(std::string_view text);

}  // namespace kmodtest::plan
