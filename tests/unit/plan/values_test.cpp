// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/values.hpp"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <string>

#include "plan/diagnostics.hpp"
#include "plan/guest_axes.hpp"
#include "plan/plan.hpp"
#include "text/similar_name.hpp"

namespace kmodtest::plan {
namespace {

using namespace std::chrono_literals;
constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();

TEST(Values, Durations) {
  EXPECT_EQ(parse_duration("500ms").value, 500ms);
  EXPECT_EQ(parse_duration("1s").value, 1s);
  EXPECT_EQ(parse_duration("1.5s").value, 1500ms);
  EXPECT_EQ(parse_duration("2m").value, 2min);
  EXPECT_EQ(parse_duration("100us").value, 100us);
  EXPECT_EQ(parse_duration("100 µs").value, 100us);
  EXPECT_EQ(parse_duration("0").value, 0us);
  EXPECT_EQ(parse_duration("168h").value, 168h);
  for (const char *bad : {"", "s", ".5s", "1.s", "1..5s", "1e3s", "1s2", "+1s", "1S"})
    EXPECT_FALSE(parse_duration(bad).value.has_value()) << bad;
}

TEST(Values, Sizes) {
  EXPECT_EQ(parse_size("4096").value, 4096u);
  EXPECT_EQ(parse_size("16K").value, 16384u);
  EXPECT_EQ(parse_size("256M").value, 256u << 20);
  EXPECT_EQ(parse_size("1 GiB").value, 1u << 30);
  EXPECT_EQ(parse_size("8388608T").error, "the size '8388608T' is implausibly large");
  EXPECT_EQ(parse_size("-1M").error, "a size cannot be negative: '-1M'");
  for (const char *bad : {"", "M", "1.5G", "1MB", "1X"}) EXPECT_FALSE(parse_size(bad).value.has_value()) << bad;
}

TEST(Values, Ranges) {
  EXPECT_EQ(parse_range("3").value, (wire::Range{3, 3}));
  EXPECT_EQ(parse_range("-3").value, (wire::Range{-3, -3}));
  EXPECT_EQ(parse_range("2..5").value, (wire::Range{2, 5}));
  EXPECT_EQ(parse_range("2 .. 5").value, (wire::Range{2, 5}));
  EXPECT_EQ(parse_range(">= 2").value, (wire::Range{2, kHighest}));
  EXPECT_EQ(parse_range("<=5").value, (wire::Range{kLowest, 5}));
  EXPECT_EQ(parse_range("> 1").value, (wire::Range{2, kHighest}));
  EXPECT_EQ(parse_range("< 6").value, (wire::Range{kLowest, 5}));
  EXPECT_EQ(parse_range("1K..2K", true).value, (wire::Range{1024, 2048}));
  for (const char *bad : {"", "1K", "2..", "..", "= 3", ">", "> 9223372036854775807", "99999999999999999999"})
    EXPECT_FALSE(parse_range(bad).value.has_value()) << bad;
}

TEST(Values, Intervals) {
  EXPECT_EQ(parse_interval("1s ± 20%").value, (Span{800ms, 1200ms}));
  EXPECT_EQ(parse_interval("1s +- 20%").value, (Span{800ms, 1200ms}));
  EXPECT_EQ(parse_interval("100ms±30ms").value, (Span{70ms, 130ms}));
  EXPECT_EQ(parse_interval("80ms..150ms").value, (Span{80ms, 150ms}));
  EXPECT_EQ(parse_interval("10ms ± 30ms").value, (Span{0ms, 40ms}));
  EXPECT_EQ(parse_interval("1s ± 0.5%").value, (Span{995ms, 1005ms}));
  for (const char *bad : {"", "±", "1s ±", "± 20%", "1s ± x%", "..", "1s..", "1 ± 2"})
    EXPECT_FALSE(parse_interval(bad).value.has_value()) << bad;
}

TEST(Values, Patterns) {
  using Of = wire::Pattern::Kind;
  EXPECT_EQ(parse_pattern("a [b").value, (wire::Pattern{Of::literal, "a [b"}));
  EXPECT_EQ(parse_pattern("/proc/x").value, (wire::Pattern{Of::literal, "/proc/x"}));
  EXPECT_EQ(parse_pattern("/").value, (wire::Pattern{Of::literal, "/"}));
  EXPECT_EQ(parse_pattern("/a{2}[0-9]+$/").value, (wire::Pattern{Of::regex, "a{2}[0-9]+$"}));
  EXPECT_EQ(parse_pattern("/a\\\\d/").value, (wire::Pattern{Of::regex, "a\\\\d"}));
  EXPECT_EQ(parse_pattern("/" + std::string(1025, 'a') + "/").error,
            "the regular expression has more than 1024 characters");
}

TEST(Values, CpuLists) {
  EXPECT_EQ(parse_cpu_list("0").value, 1u);
  EXPECT_EQ(parse_cpu_list("0-3,7").value, 0x8Fu);
  EXPECT_EQ(parse_cpu_list("63").value, std::uint64_t{1} << 63);
  EXPECT_EQ(parse_cpu_list("-1").error, "CPU -1 does not exist (CPUs are numbered from 0, a guest has at most 64)");
  for (const char *bad : {"", ",", "0,", "a", "1-", "0-64", "2-1", "0;1"})
    EXPECT_FALSE(parse_cpu_list(bad).value.has_value()) << bad;
  EXPECT_EQ(format_cpu_list(0), "");
  EXPECT_EQ(format_cpu_list(0x8F), "0-3,7");
  EXPECT_EQ(format_cpu_list(~std::uint64_t{0}), "0-63");
}

TEST(Values, Errnos) {
  EXPECT_EQ(parse_errno("EINVAL").value, EINVAL);
  EXPECT_EQ(parse_errno("ENOSYS").value, ENOSYS);
  EXPECT_EQ(parse_errno("any").value, -1);
  EXPECT_EQ(parse_errno("einval").error, "'einval' is not an errno name (did you mean 'EINVAL'?)");
}

TEST(DidYouMean, TakesTheClosest) {
  const std::vector<std::string> words{"memory", "module", "modinfo"};
  EXPECT_EQ(text::similar_name("memroy", words), "memory");
  EXPECT_EQ(text::similar_name("modules", words), "module");
  EXPECT_EQ(text::similar_name("MODINFO", words), "modinfo");
  EXPECT_EQ(text::similar_name("timeout", words), std::nullopt);
  EXPECT_EQ(text::similar_name("", words), std::nullopt);
  EXPECT_EQ(text::similar_name("x", {"y"}), std::nullopt);
}

TEST(Quote, KeepsMessagesOnOneShortLine) {
  EXPECT_EQ(quote("a\nb\x1b"), "'a?b?'");
  EXPECT_EQ(quote(std::string(59, 'a') + "±b"), "'" + std::string(59, 'a') + "…'");
}

TEST(EqualCells, SplitAllCpusAndAllMemory) {
  EXPECT_EQ(equal_cells(2, 4, 256), (std::vector<NumaCell>{{"0-1", 128}, {"2-3", 128}}));
  EXPECT_EQ(equal_cells(2, 3, 257), (std::vector<NumaCell>{{"0-1", 129}, {"2", 128}}));
  EXPECT_EQ(equal_cells(3, 7, 1000), (std::vector<NumaCell>{{"0-2", 334}, {"3-4", 333}, {"5-6", 333}}));
}

}  // namespace
}  // namespace kmodtest::plan
