// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_code.hpp"
#include "wire/program.hpp"

/// The notations of a plan's values. Pure functions; an error is the whole message for the user.
namespace kmodtest::plan {

using base::Code;

template <class T>
struct Value {
  std::optional<T> value;
  std::string error;                   ///< empty when there is a value
  base::Code code = base::Code::none;  ///< of `error`

  static Value of(T v) { return {std::move(v), {}, base::Code::none}; }
  static Value bad(base::Code code, std::string why) { return {std::nullopt, std::move(why), code}; }
};

/// "500ms", "1s", "1.5s", "2m", "100us"; at most a week.
Value<wire::Microseconds> parse_duration(std::string_view text);

/// Bytes: "4096", "16K", "256M", "1G" (powers of 1024).
Value<std::uint64_t> parse_size(std::string_view text);

/// "3", "2..5", ">= 2", "<= 5", "> 1", "< 6". With `sizes`, the numbers are sizes.
Value<wire::Range> parse_range(std::string_view text, bool sizes = false);

struct Span {
  wire::Microseconds min{0};
  wire::Microseconds max{0};
  bool operator==(const Span &) const = default;
};

/// "1s ± 20%", "1s +- 20%", "100ms ± 30ms", "80ms..150ms".
Value<Span> parse_interval(std::string_view text);

/// A duration that may not be passed: "2ms", "< 2ms", "<= 2ms" (all the same: guest time has no finer steps).
Value<wire::Microseconds> parse_limit(std::string_view text);

/// A range of whole percent: "45..55%", ">= 90%", "0%".
Value<wire::Range> parse_share(std::string_view text);

/// A plain text is literal, /…/ a POSIX extended regular expression, which is compiled to see that it is one.
Value<wire::Pattern> parse_pattern(std::string_view text);

/// "0-3,7" as a set of bits; CPUs 0 to 63.
Value<std::uint64_t> parse_cpu_list(std::string_view text);

/// The list format of the kernel: "0-3,7"; "" for none.
std::string format_cpu_list(std::uint64_t cpus);

/// A name such as EINVAL; "any" is -1.
Value<std::int32_t> parse_errno(std::string_view text);
std::vector<std::string> errno_names();

/// A whole decimal number.
Value<std::int64_t> parse_integer(std::string_view text);

}  // namespace kmodtest::plan
