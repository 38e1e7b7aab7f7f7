// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/line_runs.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "wire/kernel_addresses.hpp"

namespace kmodtest::run {
namespace {

constexpr std::size_t kBefore = 6;  // lines of both runs before they part
constexpr std::size_t kAfter = 40;

using Lines = std::vector<outcome::LineRun>;

bool is_at(const outcome::LineRun &line, int cpu, const std::string &thread, const std::string &place) {
  return line.cpu == cpu && line.place == place && line.thread == thread;
}

/// Returns whether both do the same. A thread that is held up only by the failing run's schedule still does.
bool is_same(const outcome::LineRun &a, const outcome::LineRun &b) {
  return is_at(a, b.cpu, b.thread, b.place);
}

outcome::RunPart part_of(const Lines &lines, std::size_t begin, std::size_t parted) {
  outcome::RunPart part;
  const std::size_t end = std::min(lines.size(), parted + kAfter);
  part.lines.assign(lines.begin() + static_cast<std::ptrdiff_t>(begin),
                    lines.begin() + static_cast<std::ptrdiff_t>(end));
  part.more = lines.size() - end;
  return part;
}

}  // namespace

std::uint64_t address_of(const wire::Traced &traced) {
  return wire::code_address(traced.low);
}

std::string duration_of_wait(wire::Microseconds wait) {
  return wait.count() < 1000 ? fmt::format("{} µs", wait.count())
                             : fmt::format("{:.2f} ms", static_cast<double>(wait.count()) / 1000);
}

LineNames::LineNames(ModuleMap &map, const observe::ScheduleSeen &seen) : map_(map), seen_(seen) {
  for (const wire::CodeSeen &code : seen.code)
    if ((code.flags & wire::kCodeShared) != 0) shared_.insert(code.address);
}

const std::string &LineNames::thread(std::size_t number) {
  const auto [known, is_new] = threads_.try_emplace(number);
  if (!is_new) return known->second;
  const std::string function = number < seen_.threads.size() ? map_.function_at(seen_.threads[number].first) : "";
  return known->second = function.empty() ? fmt::format("thread {}", number) : function + "()";
}

const outcome::LineRun &LineNames::line(std::uint64_t address) {
  const auto [known, is_new] = known_.try_emplace(address);
  if (!is_new) return known->second;
  outcome::LineRun &line = known->second;
  if (const auto source = map_.line_at(address)) {
    line.place = fmt::format("{}:{}", source->file, source->line);
    line.text = source->text;
  } else {
    line.place = map_.function_at(address);
  }
  line.is_shared = is_shared(address);
  return line;
}

Lines LineNames::lines(const std::map<std::uint64_t, wire::Microseconds> &waits) {
  Lines lines;
  for (const wire::Traced &traced : seen_.trace) {
    const std::uint64_t address = address_of(traced);
    const outcome::LineRun &next = line(address);
    const std::string &name = thread(traced.thread);
    const auto wait = traced.what == 1 ? waits.find(address) : waits.end();
    const bool goes_on = wait == waits.end() && !lines.empty() && is_at(lines.back(), traced.cpu, name, next.place);
    if (!goes_on) {
      lines.push_back(next);
      lines.back().cpu = traced.cpu;
      lines.back().thread = name;
      if (wait != waits.end()) lines.back().wait = duration_of_wait(wait->second);
    }
    lines.back().is_shared = lines.back().is_shared || next.is_shared;
  }
  return lines;
}

void compare_runs(const Lines &failing, const Lines &passing, outcome::ScheduleStory &story) {
  const auto parted = std::mismatch(failing.begin(), failing.end(), passing.begin(), passing.end(), is_same).first;
  story.common = static_cast<std::size_t>(parted - failing.begin());
  story.skipped = story.common > kBefore ? story.common - kBefore : 0;
  story.failing = part_of(failing, story.skipped, story.common);
  story.passing = part_of(passing, story.skipped, story.common);
}

}  // namespace kmodtest::run
