// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/needs.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <string_view>
#include <utility>

#include "plan/diagnostics.hpp"
#include "text/similar_name.hpp"

namespace kmodtest::plan {
namespace {

struct Feature {
  std::string_view name;
  std::string_view option;
};

// Options as the kernel's own Kconfig files call them (kernel: lib/Kconfig.debug and lib/Kconfig.*).
constexpr Feature kFeatures[] = {
    {"kasan", "CONFIG_KASAN"},
    {"lockdep", "CONFIG_PROVE_LOCKING"},
    {"kmemleak", "CONFIG_DEBUG_KMEMLEAK"},
    {"debug_objects", "CONFIG_DEBUG_OBJECTS"},
    {"fault_injection", "CONFIG_FAULT_INJECTION"},
    {"kcsan", "CONFIG_KCSAN"},
    {"ubsan", "CONFIG_UBSAN"},
};

constexpr std::string_view kPrefix = "CONFIG_";
constexpr std::size_t kLongestOption = 128;

bool is_option(std::string_view word) {
  if (word.ends_with(kAbsent)) word.remove_suffix(kAbsent.size());
  return word.starts_with(kPrefix) && word.size() > kPrefix.size() && word.size() <= kLongestOption &&
         std::all_of(word.begin(), word.end(), [](char c) {
           return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

}  // namespace

void add_need(Need need, std::vector<Need> &needs) {
  if (std::find(needs.begin(), needs.end(), need) == needs.end()) needs.push_back(std::move(need));
}

std::vector<Need> read_needs(MapReader &plan) {
  std::vector<Need> needs;
  std::vector<const Node *> places;
  const std::vector<std::string> words = plan.texts("needs", &places);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto *const feature = std::find_if(std::begin(kFeatures), std::end(kFeatures),
                                             [&](const Feature &each) { return each.name == words[i]; });
    Need need{.name = words[i], .option = words[i]};
    if (feature != std::end(kFeatures)) {
      need.option = feature->option;
    } else if (!is_option(words[i])) {
      std::vector<std::string> known;
      for (const Feature &each : kFeatures) known.emplace_back(each.name);
      const auto meant = text::similar_name(words[i], known);
      plan.scope().problems.error(
          Code::unknown_need, *places[i],
          fmt::format("{} is not a kernel feature ({})", quote(words[i]),
                      meant ? fmt::format("did you mean '{}'?", *meant)
                            : fmt::format("known here: {}, or an option such as CONFIG_SMP or CONFIG_SMP=n",
                                          fmt::join(known, ", "))));
      continue;
    }
    add_need(std::move(need), needs);
  }
  return needs;
}

}  // namespace kmodtest::plan
