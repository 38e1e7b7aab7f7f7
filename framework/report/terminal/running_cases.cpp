// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/running_cases.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "outcome/result.hpp"
#include "text/escape.hpp"
#include "text/utf8.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kShortestWhat = 16;  ///< columns that a long id leaves to what its case does
constexpr std::size_t kShortestId = 12;

/// Renders "id: what" in `room` columns. Both stay readable as long as there is room for both.
std::string id_and_what(const std::string &id, const std::string &what, std::size_t room) {
  const std::string whole = id + ": " + what;
  if (text::columns(whole) <= room) return whole;
  const std::size_t kept = std::min(text::columns(what), kShortestWhat) + 2;
  if (text::columns(id) + kept <= room) return text::cut_to(whole, room);
  if (kShortestId + kept > room) return text::cut_to(id, room);
  return text::cut_to(text::cut_to(id, room - kept) + ": " + what, room);
}

}  // namespace

std::string bracketed(outcome::Seconds took) {
  return fmt::format("[{:>8.3f} s]", took.count());
}

std::string bracketed_clock(outcome::Seconds elapsed) {
  const auto seconds = static_cast<long>(std::max(elapsed.count(), 0.0));
  return fmt::format("[  {:02}:{:02}:{:02}]", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::vector<RunningCases::Running>::iterator RunningCases::find(const std::shared_ptr<const plan::Case> &test_case,
                                                                int repeat) {
  return std::find_if(running_.begin(), running_.end(), [&](const Running &running) {
    return running.test_case->is(*test_case) && running.repeat == repeat;
  });
}

void RunningCases::start(const outcome::CaseStarted &started, Time now) {
  running_.push_back({.test_case = started.test_case, .repeat = started.repeat, .what = "starting", .began = now});
}

void RunningCases::progress(const outcome::CaseProgress &progress) {
  const auto at = find(progress.test_case, progress.repeat);
  if (at != running_.end()) at->what = progress.what;
}

void RunningCases::start_again(const outcome::CaseFinished &attempt, Time now) {
  const auto at = find(attempt.test_case, attempt.repeat);
  if (at == running_.end()) return;
  at->began = now;
  at->told = 0;
  std::rotate(at, at + 1, running_.end());  // it is now the most recent
}

void RunningCases::finish(const outcome::CaseFinished &finished) {
  const auto at = find(finished.test_case, finished.repeat);
  if (at != running_.end()) running_.erase(at);
}

std::vector<RunningCases::Slow> RunningCases::newly_slow(Time now) {
  std::vector<Slow> found;
  if (slow_.count() <= 0) return found;
  for (Running &running : running_) {
    const auto times = static_cast<long>(outcome::Seconds(now - running.began) / slow_);
    if (times <= running.told) continue;
    running.told = times;
    found.push_back({.label = outcome::label(*running.test_case, running.repeat),
                     .what = running.what,
                     .passed = slow_ * static_cast<double>(times)});
  }
  return found;
}

std::vector<std::string> RunningCases::lines(Time now, std::size_t rows, std::size_t width, std::size_t indent,
                                             const Palette &palette) const {
  std::vector<std::string> all;
  const std::string blanks(indent, ' ');
  const std::size_t shown = running_.size() <= rows ? running_.size() : rows > 0 ? rows - 1 : 0;
  for (std::size_t index = 0; index < shown; ++index) {
    const Running &running = running_[index];
    const outcome::Seconds elapsed = now - running.began;
    const std::string clock = bracketed_clock(elapsed);
    const std::size_t used = indent + text::columns(clock) + 1;
    const std::string text = id_and_what(text::printable(outcome::label(*running.test_case, running.repeat)),
                                         text::printable(running.what), width > used ? width - used : 0);
    all.push_back(blanks + (is_slow(elapsed) ? palette.yellow(clock) : palette.dim(clock)) + " " + text);
  }
  if (shown < running_.size() && rows > 0) {
    all.push_back(fmt::format("{}… and {} more", blanks, running_.size() - shown));
  }
  return all;
}

}  // namespace kmodtest::report
