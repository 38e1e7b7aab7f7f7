// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/kernel_switches.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace kmodtest::plan {
namespace {

// kernel: Documentation/mm/slub.rst, Documentation/admin-guide/kernel-parameters.txt,
// Documentation/dev-tools/kfence.rst
constexpr std::string_view kSlubDebug = "slub_debug=", kKfence = "kfence.sample_interval=", kPreempt = "preempt=";
constexpr const char *kPagePoison = "page_poison=1";
constexpr const char *kStrictSlub = "slub_debug=FZP";  // U makes 6.1 lose an inode for each cache that is destroyed
constexpr const char *kStrictKfence = "kfence.sample_interval=100";  // milliseconds; the kernel's own default
constexpr int kMostInterval = 60'000;

/// Returns whether the text has only what slub_debug= can have: letters for checks, and names of caches.
bool is_slub_debug(const std::string &text) {
  return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-,;*").find(c) != std::string_view::npos;
  });
}

}  // namespace

KernelSwitches read_kernel_switches(MapReader &guest, const std::string &preempt, bool strict) {
  KernelSwitches switches;
  const auto add = [&switches](std::string word, const char *name, const char *option) {
    switches.words.push_back(std::move(word));
    switches.needs.push_back({name, option});
  };
  if (const auto text = guest.text("slub_debug")) {
    if (is_slub_debug(*text))
      add(fmt::format("{}{}", kSlubDebug, *text), "slub_debug", "CONFIG_SLUB_DEBUG");
    else
      guest.error(Code::bad_text, "slub_debug",
                  fmt::format("'slub_debug' cannot be {} (letters such as FZPU, and names of caches after a comma)",
                              quote(*text)));
  } else if (strict && !guest.has("slub_debug")) {
    switches.words.emplace_back(kStrictSlub);
  }
  if (const auto on = guest.boolean("page_poison")) {
    if (*on) add(kPagePoison, "page_poison", "CONFIG_PAGE_POISONING");
  } else if (strict && !guest.has("page_poison")) {
    switches.words.emplace_back(kPagePoison);
  }
  if (const auto interval = guest.integer("kfence", 0, kMostInterval)) {
    add(fmt::format("{}{}", kKfence, *interval), "kfence", "CONFIG_KFENCE");
  } else if (strict && !guest.has("kfence")) {
    switches.words.emplace_back(kStrictKfence);
  }
  const auto models = guest.choices("preempt");
  if (const std::string model = models.size() == 1 ? models.front() : preempt; !model.empty())
    add(fmt::format("{}{}", kPreempt, model), "preempt", "CONFIG_PREEMPT_DYNAMIC");
  return switches;
}

std::vector<std::string> strict_words() {
  return {kStrictSlub, kPagePoison, kStrictKfence};
}

}  // namespace kmodtest::plan
