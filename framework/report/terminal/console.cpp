// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "outcome/result.hpp"
#include "outcome/timings.hpp"
#include "report/coverage/coverage_lines.hpp"
#include "report/coverage/coverage_sum.hpp"
#include "report/failure/difference.hpp"
#include "report/failure/failure.hpp"
#include "report/failure/failure_groups.hpp"
#include "report/listeners.hpp"
#include "report/terminal/case_table.hpp"
#include "report/terminal/cases_in_order.hpp"
#include "report/terminal/footer.hpp"
#include "report/terminal/painted.hpp"
#include "report/terminal/palette.hpp"
#include "report/terminal/repeat_table.hpp"
#include "report/terminal/run_totals.hpp"
#include "report/terminal/running_cases.hpp"
#include "report/terminal/score_table.hpp"
#include "report/terminal/timing_table.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kShownRunning = 8;     ///< maximum lines of running cases in the footer
constexpr std::size_t kLongestLine = 1'000;  ///< bytes of a line of a failure
constexpr std::size_t kShortestReason = 12;  ///< a reason cut to fewer columns is not informative

/// A line about one case. `id` and `why` are printable.
struct CaseLine {
  std::string word, time;  ///< painted
  std::string id;
  std::string why;
  bool why_in_brackets = false;
};

class Console;
/// The console whose footer has to be removed if the process ends by std::quick_exit(); null if there is none.
Console *on_terminal = nullptr;
void leave_terminal();

class Console final : public outcome::Listener {
 public:
  explicit Console(ConsoleOptions options)
      : options_(std::move(options)),
        palette_(options_.color),
        ci_(options_.ci),
        totals_(options_.now()),
        running_(options_.slow) {
    if (!options_.terminal) return;
    static const int registered = std::at_quick_exit(leave_terminal);
    if (registered == 0) on_terminal = this;
  }

  ~Console() override {
    if (on_terminal == this) on_terminal = nullptr;
    leave();
    if (begun_) write(ci_.end());
  }
  void leave() { write(footer_.erase()); }
  Console(const Console &) = delete;
  Console &operator=(const Console &) = delete;

  void on(const outcome::Event &event) override {
    std::visit([this](const auto &each) { take(each); }, event);
  }

 private:
  struct Failure {
    std::size_t number = 0;
    std::size_t place = 0;  ///< in groups_
    std::string line;       ///< as it was printed when the case ended
    std::string text;       ///< in full; empty: it is that of another point
    Annotation annotation;
    bool had_guest = false;
  };
  void take(const outcome::RunStarted &started) {
    totals_.start(started, options_.now());
    if (options_.quiet) return;
    const std::string times = totals_.repeats() > 1 ? fmt::format(" {} times", totals_.repeats()) : "";
    std::string line = fmt::format("{} {}{}, {}", palette_.bold(text::pad_left("Running", kWordWidth)),
                                   text::counted(started.cases, "case"), times,
                                   text::counted(static_cast<std::size_t>(std::max(started.workers, 0)), "worker"));
    if (!started.hypervisor.empty()) line += ", " + text::printable(started.hypervisor);
    print(wrapped(line + totals_.order()));
  }

  void take(const outcome::Notice &notice) {
    // Not wrapped: notes contain commands to be copied.
    if (!options_.quiet)
      print(palette_.bold(text::pad_left("note", kWordWidth)) + " " + text::printable(notice.text) + "\n");
  }

  void take(const outcome::CaseStarted &started) {
    running_.start(started, options_.now());
    print("");
  }

  void take(const outcome::CaseProgress &progress) {
    running_.progress(progress);
    print("");
  }

  void take(const outcome::CaseRetried &retried) {
    const outcome::CaseFinished &attempt = retried.attempt;
    running_.start_again(attempt, options_.now());
    const std::string which = fmt::format(", attempt {} of {}", attempt.attempt, retried.attempts);
    if (options_.timings) timing_table_.add(attempt);
    tell(attempt.number, finished_line(attempt, which, palette_), false);
  }

  void take(const outcome::CaseFinished &finished) {
    running_.finish(finished);
    const outcome::Result result = outcome::result_of(finished);
    totals_.add(result, running_.is_slow(finished.took));
    table_.add(finished);
    score_table_.add(finished);
    if (totals_.repeats() > 1) repeat_table_.add(finished);
    if (options_.timings) timing_table_.add(finished);
    coverage_.add(finished);
    const std::string line = finished_line(finished, "", palette_);
    std::string text = options_.quiet && outcome::went_well(result) ? "" : line;
    if (options_.verbose) text = with_more(finished, text);
    if (finished.unlike) text += unlike_note(finished);
    const std::size_t place = groups_.add(finished);
    if (!outcome::went_well(result)) {
      const FailureGroups::Member *first = groups_.first_of(place);
      Failure failure{.number = finished.number,
                      .place = place,
                      .line = line,
                      .text = first == nullptr || options_.verbose ? failure_in_full(finished) : "",
                      .annotation = annotation_of(finished),
                      .had_guest = had_guest(finished)};
      if (at_once() && first != nullptr && failure.text.empty()) text += same_as(*first, finished);
      if (at_once() && !failure.text.empty()) text += ci_.on() ? failure.text : "\n" + failure.text + "\n";
      if (!at_end()) failure.text.clear();
      failures_.push_back(std::move(failure));
    }
    tell(finished.number, text, true);
  }

  void take(const outcome::RunFinished &finished) {
    running_.clear();
    finished_ = true;
    std::string text = in_order_.rest();
    if (options_.ordered) {
      std::stable_sort(failures_.begin(), failures_.end(),
                       [](const auto &left, const auto &right) { return left.number < right.number; });
    }
    const std::string above = all_failures() + tables();
    text +=
        above + (above.empty() ? "" : "\n") + wrapped(totals_.summary(finished, palette_)) + coverage() + pause_hint();
    if (const std::string timings = timing_table_.render(palette_); options_.timings && !timings.empty()) {
      text += "\n" + timings;
    }
    std::vector<Annotation> annotations;
    annotations.reserve(failures_.size());
    for (Failure &failure : failures_) {
      if (groups_.first_of(failure.place) != nullptr) continue;
      if (const std::string points = groups_.points_of(failure.place); !points.empty()) {
        failure.annotation.message += "\npoints: " + points;
      }
      annotations.push_back(failure.annotation);
    }
    print(text + ci_.annotations(annotations));
  }

  void take(const outcome::Tick &) {
    std::string lines;
    for (const RunningCases::Slow &slow : running_.newly_slow(options_.now())) {
      const bool long_since = slow.passed >= outcome::Seconds(1000);
      const std::string time = fmt::format("[>{:>7.{}f} s]", slow.passed.count(), long_since ? 1 : 3);
      lines += render({.word = palette_.yellow(text::pad_left("Slow", kWordWidth)),
                       .time = palette_.yellow(time),
                       .id = text::printable(slow.label),
                       .why = text::printable(slow.what)});
    }
    print(options_.quiet ? "" : lines);
  }

  bool at_once() const {
    return options_.failures == FailureOutput::at_once || options_.failures == FailureOutput::both;
  }
  bool at_end() const { return options_.failures == FailureOutput::at_end || options_.failures == FailureOutput::both; }

  TerminalSize size() const {
    return options_.size ? options_.size() : TerminalSize{.columns = options_.width, .rows = 24};
  }

  /// Wraps a line of text on a terminal, so that continuation lines are aligned after the first word.
  std::string wrapped(const std::string &line) const {
    const int width = options_.terminal ? std::max(size().columns, 0) : 0;
    return wrap_painted(line, static_cast<std::size_t>(width), kWordWidth + 1) + "\n";
  }

  /// Prints lines of the case with this number; `whole` marks its last ones.
  void tell(std::size_t number, const std::string &text, bool whole) {
    if (!options_.ordered) return print(text);
    print(in_order_.add(number, text, whole));
  }

  std::string render(CaseLine line) const {
    if (options_.terminal) {
      const std::size_t used =
          kWordWidth + 1 + text::columns(bracketed(outcome::Seconds(0))) + 1 + text::columns(line.id);
      const std::size_t wanted = used + (line.why_in_brackets ? 3 : 2);
      const auto width = static_cast<std::size_t>(std::max(size().columns, 0));
      line.why = wanted + kShortestReason > width ? "" : text::cut_to(line.why, width - wanted);
    }
    const std::string end = line.why.empty() ? "" : line.why_in_brackets ? " (" + line.why + ")" : ": " + line.why;
    return fmt::format("{} {} {}{}\n", line.word, line.time, line.id, end);
  }

  std::string finished_line(const outcome::CaseFinished &finished, const std::string &which,
                            const Palette &palette) const {
    const outcome::Result result = outcome::result_of(finished);
    const bool slow = running_.is_slow(finished.took);
    const std::string time = bracketed(finished.took);
    CaseLine line{
        .word = palette.of(result, text::pad_left(outcome::result_word(result), kWordWidth)),
        .time = slow ? palette.yellow(time) : palette.dim(time),
        .id = text::printable(outcome::label(*finished.test_case, finished.repeat)) + which + (slow ? " (slow)" : ""),
        .why = text::printable(reason(finished))};
    if (const std::string expected = text::printable(as_expected(finished)); line.why.empty() && !expected.empty()) {
      line.why = expected;
      line.why_in_brackets = true;
    }
    std::string text = render(std::move(line));
    for (const std::string &note : finished.verdict.notes)
      text += palette.dim(std::string(kWordWidth + 1, ' ') + text::printable(note)) + "\n";
    return text;
  }

  /// Returns the lines about a failure that was shown for another point of the matrix.
  std::string same_as(const FailureGroups::Member &first, const outcome::CaseFinished &finished) const {
    const std::string indent(kWordWidth + 1, ' ');
    std::string text = wrapped(indent + fmt::format("the same as {} above", text::printable(first.label)));
    if (!finished.artifacts.empty()) text += indent + "files: " + finished.artifacts.string() + "\n";
    return text;
  }

  /// Returns a line that names the points where this failure came, and those where it did not.
  std::string points_line(std::size_t place) const {
    const std::string points = groups_.points_of(place);
    return points.empty() ? "" : wrapped(std::string(kWordWidth + 1, ' ') + points);
  }

  /// Returns the same as a line of the failure.
  std::string points_label(std::size_t place) const {
    const std::string points = groups_.points_of(place);
    return points.empty() ? "" : fmt::format("    points: {}\n", points);
  }

  /// Returns a note about a case that was not reproducible under virtual time.
  std::string unlike_note(const outcome::CaseFinished &finished) const {
    const outcome::CaseFinished &earlier = *finished.unlike;
    std::string text = wrapped(palette_.yellow(text::pad_left("Unlike", kWordWidth)) + " " +
                               fmt::format("run {} of it: {}", earlier.repeat, first_difference(finished, earlier)));
    for (const outcome::CaseFinished *run : {&earlier, &finished}) {
      if (!run->artifacts.empty())
        text += std::string(kWordWidth + 1, ' ') + "kept in " + run->artifacts.string() + "\n";
    }
    return text;
  }

  /// Returns the line of a finished case, and below it the output of -v.
  std::string with_more(const outcome::CaseFinished &finished, const std::string &line) {
    const std::string indent(kWordWidth + 1, ' ');
    std::string more = palette_.dim(indent + outcome::render_timings(finished.timings)) + "\n";
    if (!finished.digest.empty()) more += palette_.dim(indent + "digest " + finished.digest) + "\n";
    if (outcome::went_well(outcome::result_of(finished))) more += render_log(finished, palette_, indent, kLongestLine);
    if (!ci_.on() || line.empty()) return line + more;
    const std::string title = finished_line(finished, "", Palette(false));
    return ci_.section(text::lines_of(title).front(), more);
  }

  std::string failure_in_full(const outcome::CaseFinished &finished) {
    FailureStyle style{.palette = palette_, .brief = !options_.verbose, .longest_line = kLongestLine};
    if (options_.terminal) style.width = static_cast<std::size_t>(std::max(size().columns, 0));
    const std::string body = render_failure_body(finished, style);
    if (ci_.on()) return ci_.section(failure_headline(finished, Palette(false)), body);
    return wrap_painted(failure_headline(finished, palette_), style.width, 2) + "\n" + body;
  }

  std::string all_failures() const {
    std::string text;
    for (const Failure &failure : failures_) {
      if (failure.text.empty()) continue;
      text += (ci_.on() ? "" : "\n") + failure.text;
      if (!ci_.on()) text += points_label(failure.place);
    }
    return text;
  }

  /// Returns the tables of plans × CPUs and of repeats, and again all cases that did not pass, so that they are seen
  /// last.
  std::string tables() const {
    std::string text;
    if (const std::string scores = score_table_.render(palette_); !options_.quiet && !scores.empty())
      text += "\n" + scores;
    if (!options_.quiet && table_.size() > 1) text += "\n" + table_.render(size().columns, palette_);
    if (totals_.repeats() > 1) {
      const std::string repeats = repeat_table_.render(palette_, options_.quiet);
      if (!repeats.empty()) text += "\n" + repeats;
    }
    if (failures_.size() > 1 && !options_.quiet) {
      text += "\n";
      for (const Failure &failure : failures_) {
        if (groups_.first_of(failure.place) == nullptr) text += failure.line + points_line(failure.place);
      }
    }
    return text;
  }

  std::string coverage() const {
    std::string text;
    if (!coverage_.measured()) return text;
    for (const std::string &line : coverage_lines(coverage_.sum())) text += wrapped(text::printable(line));
    return text;
  }

  std::string pause_hint() const {
    const bool of_use =
        std::any_of(failures_.begin(), failures_.end(), [](const Failure &failure) { return failure.had_guest; });
    if (!options_.hint_at_pause || options_.quiet || !of_use) return {};
    return wrapped(text::pad_left("hint", kWordWidth) +
                   " with --pause-on-failure the guest of the first failure stays as it is, to be entered");
  }

  std::vector<std::string> footer_lines(TerminalSize size) const {
    if (finished_ || running_.size() == 0) return {};
    const auto now = options_.now();
    const std::size_t width = size.columns > 1 ? static_cast<std::size_t>(size.columns) - 1 : 0;
    std::vector<std::string> lines{totals_.running_line(running_.size(), now, width, palette_)};
    const std::size_t rows = size.rows > 2 ? static_cast<std::size_t>(size.rows) - 2 : 0;
    for (std::string &line : running_.lines(now, std::min(rows, kShownRunning), width, kWordWidth + 1, palette_)) {
      lines.push_back(std::move(line));
    }
    return lines;
  }

  /// Prints whole lines above the footer; with an empty text it only updates the footer.
  void print(const std::string &text) {
    if (!options_.terminal) return write(text);
    const TerminalSize now = size();
    const std::string before = text.empty() ? "" : footer_.erase() + text;
    write(before + footer_.redraw(footer_lines(now), now));
  }

  void write(const std::string &text) {
    if (text.empty()) return;
    const std::string all = ci_.joined(begun_ ? text : ci_.begin() + text);
    begun_ = true;
    // One call, so that a terminal never shows half of a redraw. Ignore write errors: there is nowhere left to report
    // them.
    std::fwrite(all.data(), 1, all.size(), options_.out);
    std::fflush(options_.out);
  }

  ConsoleOptions options_;
  Palette palette_;
  CiLog ci_;
  Footer footer_;
  RunTotals totals_;
  bool begun_ = false, finished_ = false;
  RunningCases running_;
  CasesInOrder in_order_;
  std::vector<Failure> failures_;
  FailureGroups groups_;
  CaseTable table_;
  ScoreTable score_table_;
  RepeatTable repeat_table_;
  TimingTable timing_table_;
  CoverageSum coverage_;
};

void leave_terminal() {
  if (on_terminal != nullptr) on_terminal->leave();
}

}  // namespace

std::unique_ptr<outcome::Listener> make_console(ConsoleOptions options) {
  return std::make_unique<Console>(std::move(options));
}

}  // namespace kmodtest::report
