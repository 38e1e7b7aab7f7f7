// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/log_view.hpp"

#include <fmt/format.h>
#include <string_view>

#include "shared/kmsg.hpp"
#include "text/lines.hpp"
#include "text/words.hpp"
#include "wire/message.hpp"

namespace kmodtest::report::html {

namespace {

constexpr std::size_t kHeadShare = 4;  ///< a quarter of the shown bytes is from the beginning

/// A range of lines that is not shown; empty if all are shown.
struct Gap {
  std::size_t first = 0, behind = 0;
};

template <class Size>
Gap gap_of(std::size_t lines, std::size_t room, const Size &size_of) {
  std::size_t all = 0;
  for (std::size_t i = 0; i < lines; ++i) all += size_of(i);
  if (all <= room) return {lines, lines};
  Gap gap{0, lines};
  for (std::size_t used = 0; gap.first < lines && used + size_of(gap.first) <= room / kHeadShare; ++gap.first) {
    used += size_of(gap.first);
  }
  for (std::size_t used = 0; gap.behind > gap.first && used + size_of(gap.behind - 1) <= room - room / kHeadShare;) {
    used += size_of(--gap.behind);
  }
  return gap;
}

std::string left_out(const Gap &gap) {
  return fmt::format("… {} left out …", text::counted(gap.behind - gap.first, "line"));
}

void add_line(Markup &html, const wire::KernelLogLine &line) {
  constexpr int kWarning = 4, kError = 3;
  if (shared::is_marker(line)) {
    const std::string_view text = std::string_view(line.text).substr(std::string_view(wire::kMarkerPrefix).size());
    html.element("span", {{"class", "mk"}}, fmt::format("── {} ", text)).text("\n");
    return;
  }
  const std::string text = shared::render_dmesg(line);
  if (line.level <= kError) {
    html.element("span", {{"class", "le"}}, text);
  } else if (line.level == kWarning) {
    html.element("span", {{"class", "lw"}}, text);
  } else {
    html.text(text);
  }
  html.text("\n");
}

}  // namespace

Markup render_log(const std::vector<wire::KernelLogLine> &log, std::size_t room) {
  constexpr std::size_t kAround = 40;  // the time stamp and the element of a line
  const Gap gap = gap_of(log.size(), room, [&](std::size_t i) { return log[i].text.size() + kAround; });
  Markup html;
  html.open("pre", {{"class", "log"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "kernel log"}});
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (i == gap.first) html.element("span", {{"class", "gap"}}, left_out(gap)).text("\n");
    if (i < gap.first || i >= gap.behind) add_line(html, log[i]);
  }
  return html.close();
}

std::string shortened(const std::string &text, std::size_t room) {
  if (text.size() <= room) return text;
  const std::vector<std::string> lines = text::lines_of(text);
  const Gap gap = gap_of(lines.size(), room, [&](std::size_t i) { return lines[i].size() + 1; });
  std::string kept;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == gap.first) kept += left_out(gap) + "\n";
    if (i < gap.first || i >= gap.behind) kept += lines[i] + "\n";
  }
  return kept;
}

}  // namespace kmodtest::report::html
