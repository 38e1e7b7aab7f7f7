// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "report/case_table.hpp"
#include "report/failure.hpp"
#include "report/footer.hpp"
#include "report/listeners.hpp"
#include "report/palette.hpp"
#include "report/text.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kWordWidth = 10;       ///< outcome words end in this column
constexpr std::size_t kShownRunning = 8;     ///< running cases that the footer has room for
constexpr std::size_t kShortestReason = 16;  ///< columns below which a cut reason says nothing
constexpr auto kOutcomes = {judge::Outcome::passed, judge::Outcome::failed, judge::Outcome::crashed,
                            judge::Outcome::hung,   judge::Outcome::leaked, judge::Outcome::errored,
                            judge::Outcome::skipped};

std::string bracketed(Seconds took) {
  return fmt::format("[{:>8.3f} s]", took.count());
}

std::string duration(Seconds took) {
  const double seconds = took.count();
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long>(seconds);
  return fmt::format("{} min {} s", whole / 60, whole % 60);
}

class Console final : public Listener {
 public:
  explicit Console(ConsoleOptions options)
      : options_(std::move(options)), palette_(options_.color), footer_(options_.width), start_(options_.now()) {}

  ~Console() override { write(footer_.erase()); }
  Console(const Console &) = delete;
  Console &operator=(const Console &) = delete;

  void on(const Event &event) override {
    std::visit([this](const auto &each) { take(each); }, event);
  }

 private:
  struct Running {
    std::shared_ptr<const plan::Case> test_case;
    std::string what;
  };

  void take(const RunStarted &started) {
    start_ = options_.now();
    total_ = started.cases;
    if (options_.quiet) return;
    std::string line =
        fmt::format("{} {}, {}", palette_.bold(pad_left("Running", kWordWidth)), counted(started.cases, "case"),
                    counted(static_cast<std::size_t>(std::max(started.workers, 0)), "worker"));
    if (!started.hypervisor.empty()) line += ", " + printable(started.hypervisor);
    print(line + "\n");
  }

  void take(const Notice &notice) {
    if (!options_.quiet) print(palette_.bold(pad_left("note", kWordWidth)) + " " + printable(notice.text) + "\n");
  }

  void take(const CaseStarted &started) {
    running_.push_back({started.test_case, "starting"});
    print("");
  }

  void take(const CaseProgress &progress) {
    const auto at = find(progress.test_case);
    if (at == running_.end()) return;
    at->what = progress.what;
    print("");
  }

  void take(const CaseFinished &finished) {
    if (const auto at = find(finished.test_case); at != running_.end()) running_.erase(at);
    ++done_;
    const judge::Outcome outcome = finished.verdict.outcome;
    table_.add(*finished.test_case, outcome);
    const bool went_well = outcome == judge::Outcome::passed || outcome == judge::Outcome::skipped;
    if (!went_well) failures_.push_back(render_failure(finished, palette_));
    std::string text;
    if (!options_.quiet || !went_well) text = finished_line(finished);
    if (options_.verbose) {
      const std::string indent(kWordWidth + 1, ' ');
      text += palette_.dim(indent + render_timings(finished.timings)) + "\n";
      if (went_well) text += render_log(finished, palette_, indent);
    }
    print(text);
  }

  void take(const RunFinished &finished) {
    running_.clear();
    finished_ = true;
    std::string text;
    for (const std::string &failure : failures_) text += "\n" + failure;
    if (!options_.quiet && table_.size() > 1) text += "\n" + table_.render(options_.width, palette_);
    if (!text.empty()) text += "\n";
    print(text + summary(finished) + "\n");
  }

  void take(const Tick &) { print(""); }

  std::vector<Running>::iterator find(const std::shared_ptr<const plan::Case> &test_case) {
    return std::find_if(running_.begin(), running_.end(),
                        [&](const Running &running) { return running.test_case == test_case; });
  }

  std::string finished_line(const CaseFinished &finished) const {
    const judge::Outcome outcome = finished.verdict.outcome;
    const std::string word = pad_left(outcome_word(outcome), kWordWidth);
    const std::string time = bracketed(finished.took);
    const std::string id = printable(finished.test_case->id);
    std::string why = printable(reason(finished));
    if (options_.terminal) {
      const std::size_t used = columns(word) + 1 + columns(time) + 1 + columns(id) + 2;
      const auto width = static_cast<std::size_t>(std::max(options_.width, 0));
      why = used + kShortestReason > width ? "" : cut_to(why, width - used);
    }
    const std::string end = why.empty() ? "" : ": " + why;
    return fmt::format("{} {} {}{}\n", palette_.of(outcome, word), palette_.dim(time), id, end);
  }

  std::string summary(const RunFinished &finished) const {
    const auto number = [&](judge::Outcome outcome) {
      const auto index = static_cast<std::size_t>(outcome);
      return index < finished.by_outcome.size() ? finished.by_outcome[index] : 0;
    };
    std::size_t cases = finished.not_run;
    bool went_well = finished.not_run == 0 && !finished.interrupted;
    std::vector<std::string> parts;
    for (const judge::Outcome outcome : kOutcomes) {
      if (number(outcome) == 0) continue;
      cases += number(outcome);
      went_well &= outcome == judge::Outcome::passed || outcome == judge::Outcome::skipped;
      parts.push_back(palette_.of(outcome, fmt::format("{} {}", number(outcome), judge::outcome_name(outcome))));
    }
    if (finished.not_run > 0) parts.push_back(fmt::format("{} not run", finished.not_run));
    std::string line = counted(cases, "case");
    line = went_well ? line : palette_.bold(line);
    if (!parts.empty()) line += fmt::format(": {}", fmt::join(parts, ", "));
    return line + (finished.interrupted ? ", interrupted after " : " in ") + duration(finished.took);
  }

  std::vector<std::string> footer_lines() const {
    if (finished_ || running_.empty()) return {};
    const Seconds elapsed = options_.now() - start_;
    std::string status =
        fmt::format("{} {} {}/{} done", pad_left("Running", kWordWidth), bracketed(elapsed), done_, total_);
    if (!failures_.empty()) status += fmt::format(", {} not passed", failures_.size());
    std::vector<std::string> lines{status};
    const std::string indent(kWordWidth + 1, ' ');
    for (std::size_t index = 0; index < std::min(running_.size(), kShownRunning); ++index) {
      lines.push_back(indent + running_[index].test_case->id + ": " + running_[index].what);
    }
    if (running_.size() > kShownRunning) {
      lines.push_back(fmt::format("{}… and {} more", indent, running_.size() - kShownRunning));
    }
    return lines;
  }

  /// Prints whole lines above the footer; with an empty text only the footer is brought up to date.
  void print(const std::string &text) {
    if (!options_.terminal) return write(text);
    const std::string before = text.empty() ? "" : footer_.erase() + text;
    write(before + footer_.redraw(footer_lines()));
  }

  void write(const std::string &text) {
    if (text.empty()) return;
    // One call, so that a terminal never shows half of a redraw. Nobody is left to tell when the console is gone.
    std::fwrite(text.data(), 1, text.size(), options_.out);
    std::fflush(options_.out);
  }

  ConsoleOptions options_;
  Palette palette_;
  Footer footer_;
  std::chrono::steady_clock::time_point start_;
  std::size_t total_ = 0, done_ = 0;
  bool finished_ = false;
  std::vector<Running> running_;
  std::vector<std::string> failures_;
  CaseTable table_;
};

}  // namespace

std::unique_ptr<Listener> make_console(ConsoleOptions options) {
  return std::make_unique<Console>(std::move(options));
}

}  // namespace kmodtest::report
