// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/flood.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <map>
#include <string>
#include <string_view>

#include "shared/kmsg.hpp"

namespace kmodtest::judge {
namespace {

/// Returns the text with each number replaced by '#': lines of one printk() in a loop become equal.
std::string shape_of(std::string_view text) {
  std::string shape;
  for (const char c : text) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (!digit) {
      shape += c;
    } else if (!shape.ends_with('#')) {
      shape += '#';
    }
  }
  return shape;
}

/// Returns the lines of the most frequent shape, in words.
std::string most_frequent(const std::vector<wire::KernelLogLine> &log) {
  std::map<std::string, std::size_t> counts;
  for (const auto &line : log) {
    if (!shared::is_marker(line)) ++counts[shape_of(line.text)];
  }
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto &left, const auto &right) { return left.second < right.second; });
  if (most == counts.end()) return {};
  return fmt::format("{} of {} lines that were kept are '{}'", most->second, log.size(), most->first);
}

}  // namespace

bool is_flood(std::uint64_t left_out, std::uint64_t lost) {
  constexpr std::uint64_t kMostLost = 50'000;  // more than several times what the kernel's log holds
  return left_out > 0 || lost >= kMostLost;
}

bool is_drowned(std::uint64_t left_out, std::uint64_t lost) {
  constexpr std::uint64_t kMost = 20'000;
  return is_flood(left_out, lost) && left_out + lost >= kMost;
}

std::optional<Finding> check_flood(const CaseView &view) {
  const std::uint64_t lines = view.log.size() + view.left_out + view.lost;
  if (!is_flood(view.left_out, view.lost) || !view.test_case.checks.reports) return std::nullopt;
  Finding finding{.outcome = Outcome::failed};
  const auto open = view.open_step();
  if (view.program_ended == nullptr && open) finding.evidence = evidence_of(view, *open);
  auto &evidence = finding.evidence;
  const std::chrono::duration<double> took = view.log.back().time - view.log[view.begin].time;
  evidence.summary = fmt::format("floods the log: {} lines within {:.1f} s", lines, took.count());
  evidence.expected = "no more lines than are kept, to see that there is no kernel report among them";
  evidence.seen = most_frequent(view.log);
  evidence.hint =
      "print less, or use pr_info_ratelimited(); 'checks: {reports: false}' does without the rest of the log";
  return finding;
}

}  // namespace kmodtest::judge
