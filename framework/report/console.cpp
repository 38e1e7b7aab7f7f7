// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "report/case_table.hpp"
#include "report/failure.hpp"
#include "report/footer.hpp"
#include "report/listeners.hpp"
#include "report/palette.hpp"
#include "report/repeat_table.hpp"
#include "report/result.hpp"
#include "report/text.hpp"
#include "report/timings.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kWordWidth = 10;       ///< outcome words end in this column
constexpr std::size_t kShownRunning = 8;     ///< running cases that the footer has room for
constexpr std::size_t kShortestReason = 16;  ///< columns below which a cut reason says nothing

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
    int repeat = 1;
    std::string what;
  };
  struct Failure {
    std::size_t number = 0;
    std::string text;
  };
  /// Lines of a case that waits for those before it.
  struct Held {
    std::string text;
    bool whole = false;
  };

  void take(const RunStarted &started) {
    start_ = options_.now();
    cases_ = started.cases;
    repeats_ = static_cast<std::size_t>(std::max(started.repeats, 1));
    if (started.shuffle_seed) order_ = fmt::format(" (--shuffle {})", *started.shuffle_seed);
    if (options_.quiet) return;
    const std::string times = repeats_ > 1 ? fmt::format(" {} times", repeats_) : "";
    std::string line =
        fmt::format("{} {}{}, {}", palette_.bold(pad_left("Running", kWordWidth)), counted(started.cases, "case"),
                    times, counted(static_cast<std::size_t>(std::max(started.workers, 0)), "worker"));
    if (!started.hypervisor.empty()) line += ", " + printable(started.hypervisor);
    print(line + order_ + "\n");
  }

  void take(const Notice &notice) {
    if (!options_.quiet) print(palette_.bold(pad_left("note", kWordWidth)) + " " + printable(notice.text) + "\n");
  }

  void take(const CaseStarted &started) {
    running_.push_back({started.test_case, started.repeat, "starting"});
    print("");
  }

  void take(const CaseProgress &progress) {
    const auto at = find(progress.test_case, progress.repeat);
    if (at == running_.end()) return;
    at->what = progress.what;
    print("");
  }

  void take(const CaseRetried &retried) {
    const CaseFinished &attempt = retried.attempt;
    const std::string which = fmt::format(", attempt {} of {}", attempt.attempt, retried.attempts);
    timing_table_.add(attempt);
    tell(attempt.number, finished_line(attempt, which), false);
  }

  void take(const CaseFinished &finished) {
    if (const auto at = find(finished.test_case, finished.repeat); at != running_.end()) running_.erase(at);
    ++done_;
    const Result result = result_of(finished);
    table_.add(*finished.test_case, result);
    repeat_table_.add(finished);
    timing_table_.add(finished);
    if (!went_well(result)) failures_.push_back({finished.number, render_failure(finished, palette_)});
    std::string text;
    if (!options_.quiet || !went_well(result)) text = finished_line(finished, "");
    if (options_.verbose) {
      const std::string indent(kWordWidth + 1, ' ');
      text += palette_.dim(indent + render_timings(finished.timings)) + "\n";
      if (!finished.digest.empty()) text += palette_.dim(indent + "digest " + finished.digest) + "\n";
      if (went_well(result)) text += render_log(finished, palette_, indent);
    }
    tell(finished.number, text, true);
  }

  void take(const RunFinished &finished) {
    running_.clear();
    finished_ = true;
    std::string lines;
    for (const auto &[number, held] : held_) lines += held.text;
    if (options_.ordered) {
      std::stable_sort(failures_.begin(), failures_.end(),
                       [](const auto &left, const auto &right) { return left.number < right.number; });
    }
    std::string text;
    for (const Failure &failure : failures_) text += "\n" + failure.text;
    if (!options_.quiet && table_.size() > 1) text += "\n" + table_.render(options_.width, palette_);
    if (repeats_ > 1) {
      const std::string repeats = repeat_table_.render(palette_, options_.quiet);
      if (!repeats.empty()) text += "\n" + repeats;
    }
    if (!text.empty()) text += "\n";
    text += summary(finished) + "\n";
    if (const std::string timings = timing_table_.render(palette_); options_.timings && !timings.empty()) {
      text += "\n" + timings;
    }
    print(lines + text);
  }

  void take(const Tick &) { print(""); }

  std::vector<Running>::iterator find(const std::shared_ptr<const plan::Case> &test_case, int repeat) {
    return std::find_if(running_.begin(), running_.end(), [&](const Running &running) {
      return running.test_case == test_case && running.repeat == repeat;
    });
  }

  /// Lines of the case with this number; `whole`: its last ones.
  void tell(std::size_t number, const std::string &text, bool whole) {
    if (!options_.ordered) return print(text);
    Held &held = held_[number];
    held.text += text;
    held.whole |= whole;
    std::string ready;
    for (auto next = held_.find(next_); next != held_.end() && next->second.whole; next = held_.find(next_)) {
      ready += next->second.text;
      held_.erase(next);
      ++next_;
    }
    print(ready);
  }

  std::string finished_line(const CaseFinished &finished, const std::string &which) const {
    const Result result = result_of(finished);
    const std::string word = pad_left(result_word(result), kWordWidth);
    const std::string time = bracketed(finished.took);
    const std::string id = printable(label(*finished.test_case, finished.repeat)) + which;
    std::string why = printable(reason(finished));
    const std::string expected = printable(as_expected(finished));
    const bool in_brackets = why.empty() && !expected.empty();
    if (in_brackets) why = expected;
    if (options_.terminal) {
      const std::size_t used = columns(word) + 1 + columns(time) + 1 + columns(id) + (in_brackets ? 3 : 2);
      const auto width = static_cast<std::size_t>(std::max(options_.width, 0));
      why = used + kShortestReason > width ? "" : cut_to(why, width - used);
    }
    const std::string end = why.empty() ? "" : in_brackets ? " (" + why + ")" : ": " + why;
    return fmt::format("{} {} {}{}\n", palette_.of(result, word), palette_.dim(time), id, end);
  }

  std::string summary(const RunFinished &finished) const {
    std::size_t runs = finished.not_run;
    bool all_well = finished.not_run == 0 && !finished.interrupted;
    std::vector<std::string> parts;
    for (const Result result : kResults) {
      const std::size_t number = number_of(finished, result);
      if (number == 0) continue;
      runs += number;
      all_well &= went_well(result);
      parts.push_back(palette_.of(result, fmt::format("{} {}", number, result_name(result))));
    }
    if (finished.not_run > 0) parts.push_back(fmt::format("{} not run", finished.not_run));
    std::string line = counted(runs, "case");
    if (repeats_ > 1) line = fmt::format("{} of {}", counted(runs, "run"), counted(cases_, "case"));
    line = all_well ? line : palette_.bold(line);
    if (!parts.empty()) line += fmt::format(": {}", fmt::join(parts, ", "));
    return line + (finished.interrupted ? ", interrupted after " : " in ") + duration(finished.took) + order_;
  }

  std::vector<std::string> footer_lines() const {
    if (finished_ || running_.empty()) return {};
    const Seconds elapsed = options_.now() - start_;
    std::string status =
        fmt::format("{} {} {}/{} done", pad_left("Running", kWordWidth), bracketed(elapsed), done_, cases_ * repeats_);
    if (!failures_.empty()) status += fmt::format(", {} not passed", failures_.size());
    std::vector<std::string> lines{status};
    const std::string indent(kWordWidth + 1, ' ');
    for (std::size_t index = 0; index < std::min(running_.size(), kShownRunning); ++index) {
      const Running &running = running_[index];
      lines.push_back(indent + label(*running.test_case, running.repeat) + ": " + running.what);
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
  std::size_t cases_ = 0, repeats_ = 1, done_ = 0;
  std::string order_;  ///< what repeats the order of a shuffled run
  bool finished_ = false;
  std::vector<Running> running_;
  std::size_t next_ = 0;              ///< number of the case that is to be printed next
  std::map<std::size_t, Held> held_;  ///< by CaseFinished::number
  std::vector<Failure> failures_;
  CaseTable table_;
  RepeatTable repeat_table_;
  TimingTable timing_table_;
};

}  // namespace

std::unique_ptr<Listener> make_console(ConsoleOptions options) {
  return std::make_unique<Console>(std::move(options));
}

}  // namespace kmodtest::report
