// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "outcome/result.hpp"
#include "report/failure/failure.hpp"
#include "report/failure/failure_groups.hpp"
#include "report/formats/markdown_text.hpp"
#include "report/listeners.hpp"
#include "report/terminal/case_table.hpp"
#include "storage/output_file.hpp"
#include "text/escape.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"

namespace kmodtest::report {

namespace {

// GitHub rejects a summary of more than 1 MiB and then shows none of it.
constexpr std::size_t kMost = 1'000'000;         ///< bytes of the file
constexpr std::size_t kMostOfATable = 60'000;    ///< bytes of plans by CPUs
constexpr std::size_t kMostOfAFailure = 30'000;  ///< bytes of the text of one case, before it is escaped
constexpr std::size_t kMostFlaky = 100, kMostNotes = 30, kSlowest = 5;
constexpr std::size_t kReasonWidth = 160, kNameWidth = 120;

std::string name_of(const outcome::CaseFinished &finished) {
  return text::cut_to(outcome::label(*finished.test_case, finished.repeat), kNameWidth);
}

/// Leaves out the middle of a text that is too long. Cuts between lines if there are any.
std::string shortened(const std::string &text) {
  if (text.size() <= kMostOfAFailure) return text;
  std::size_t head = text.rfind('\n', kMostOfAFailure / 2);
  if (head == std::string::npos) head = kMostOfAFailure / 2;
  std::size_t tail = text.find('\n', text.size() - kMostOfAFailure / 2);
  if (tail == std::string::npos) tail = text.size() - kMostOfAFailure / 2;
  return fmt::format("{}\n… {} bytes are left out here; the case's files have them …{}", text.substr(0, head),
                     tail - head, text.substr(tail));
}

std::string details(const std::string &summary, const std::string &body, bool open = false) {
  return fmt::format("<details{}><summary>{}</summary>\n\n{}\n</details>\n\n", open ? " open" : "", summary, body);
}

struct Slow {
  std::string name;
  outcome::Seconds took{0}, guest{0};
};

class Markdown final : public outcome::Listener {
 public:
  Markdown(std::filesystem::path file, std::string version, bool append)
      : file_(std::move(file)), version_(std::move(version)), append_(append) {
    if (append_) {
      storage::check_appendable(file_);
    } else {
      storage::check_writable(file_);
    }
  }

  void on(const outcome::Event &event) override {
    if (const auto *started = std::get_if<outcome::RunStarted>(&event)) {
      hypervisor_ = started->hypervisor;
    } else if (const auto *notice = std::get_if<outcome::Notice>(&event)) {
      add_note(notice->text);
    } else if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) {
      add(*finished);
    } else if (const auto *end = std::get_if<outcome::RunFinished>(&event)) {
      write(*end);
    }
  }

 private:
  struct Trouble {
    std::size_t number = 0;
    std::size_t place = 0;  ///< in groups_
    std::string summary;    ///< HTML
    std::string text;
  };

  void add_note(const std::string &text) {
    if (notices_.size() < kMostNotes) notices_.push_back(text::cut_to(text, kReasonWidth));
  }

  void add(const outcome::CaseFinished &finished) {
    for (const std::string &note : finished.verdict.notes) add_note(name_of(finished) + ": " + note);
    const outcome::Result result = outcome::result_of(finished);
    table_.add(finished);
    const std::size_t place = groups_.add(finished);
    if (!finished.kernel_release.empty()) kernels_.insert(finished.kernel_release);
    if (result != outcome::Result::skipped) {
      slowest_.push_back({.name = name_of(finished), .took = finished.took, .guest = finished.timings.guest});
      std::stable_sort(slowest_.begin(), slowest_.end(),
                       [](const Slow &left, const Slow &right) { return left.took > right.took; });
      if (slowest_.size() > kSlowest) slowest_.pop_back();
    }
    if (outcome::went_well(result)) return;
    const std::string why = text::cut_to(text::printable(reason(finished)), kReasonWidth);
    Trouble trouble;
    trouble.number = finished.number;
    trouble.place = place;
    trouble.summary =
        fmt::format("<b>{}</b> {}", outcome::result_word(result), markdown_code(name_of(finished) + ": " + why));
    trouble.text = shortened(render_failure(finished));
    (result == outcome::Result::flaky ? flaky_ : failed_).push_back(std::move(trouble));
  }

  static std::string title(const outcome::RunFinished &end, std::size_t runs, std::size_t failed) {
    const std::size_t passed = outcome::number_of(end, outcome::Result::passed);
    if (end.interrupted) return fmt::format("interrupted, {} did not run", text::counted(end.not_run, "case"));
    if (failed > 0) return fmt::format("{} of {} did not pass", failed, text::counted(runs, "case"));
    if (passed == runs)
      return runs == 1 ? "the case passed" : fmt::format("all {} passed", text::counted(runs, "case"));
    return fmt::format("{} of {} passed, none failed", passed, text::counted(runs, "case"));
  }

  std::string head(const outcome::RunFinished &end) const {
    std::size_t runs = end.not_run;
    std::vector<std::string> parts;
    for (const outcome::Result result : outcome::kResults) {
      const std::size_t number = outcome::number_of(end, result);
      runs += number;
      if (number > 0) parts.push_back(fmt::format("{} {}", number, outcome::result_name(result)));
    }
    if (end.not_run > 0) parts.push_back(fmt::format("{} not run", end.not_run));
    return fmt::format("## kmodtest: {}\n\n{}: {} {} {}.\n\n", title(end, runs, not_passed_),
                       text::counted(runs, "case"),
                       parts.empty() ? "none ran" : fmt::format("{}", fmt::join(parts, ", ")),
                       end.interrupted ? "after" : "in", text::wall_time(end.took));
  }

  /// Returns as many failures as fit into `room` bytes, and the number of the others.
  std::string failures(std::size_t room) const {
    if (failed_.empty()) return {};
    constexpr std::size_t kForTheNote = 200;
    std::string text = "### Not passed\n\n";
    for (std::size_t index = 0; index < failed_.size(); ++index) {
      const Trouble &each = failed_[index];
      const std::string next = details(each.summary, markdown_block(each.text), failed_.size() == 1);
      if (text.size() + next.size() + kForTheNote > room) {
        return text + fmt::format("… and {} more that did not fit here.\n\n", failed_.size() - index);
      }
      text += next;
    }
    return text;
  }

  std::string flaky() const {
    if (flaky_.empty()) return {};
    std::string rows;
    for (std::size_t index = 0; index < std::min(flaky_.size(), kMostFlaky); ++index) {
      rows += "* " + flaky_[index].summary + "\n";
    }
    if (flaky_.size() > kMostFlaky) rows += fmt::format("* … and {} more\n", flaky_.size() - kMostFlaky);
    return "### Flaky\n\n" + rows + "\n";
  }

  std::string slowest() const {
    if (slowest_.size() < 2) return {};
    std::string rows = "| case | wall time | guest time |\n|---|---:|---:|\n";
    for (const Slow &each : slowest_) {
      rows += fmt::format("| {} | {:.3f} s | {:.3f} s |\n", markdown_code(each.name), each.took.count(),
                          each.guest.count());
    }
    return details("Slowest cases", rows);
  }

  std::string notes() const {
    if (notices_.empty()) return {};
    std::string rows;
    for (const std::string &notice : notices_) rows += "* " + markdown_code(notice) + "\n";
    return details("Notes", rows);
  }

  std::string versions() const {
    std::vector<std::string> parts = {"kmodtest " + version_};
    if (!hypervisor_.empty()) parts.push_back(hypervisor_);
    for (const std::string &kernel : kernels_) parts.push_back("kernel " + kernel);
    std::vector<std::string> codes;
    for (const std::string &part : parts) codes.push_back(markdown_code(text::cut_to(part, kReasonWidth)));
    return fmt::format("{}\n", fmt::join(codes, " · "));
  }

  /// Returns the number of bytes that may be written.
  std::size_t room() const {
    std::error_code none;
    const std::uintmax_t there = append_ ? std::filesystem::file_size(file_, none) : 0;
    return none ? kMost : kMost - static_cast<std::size_t>(std::min<std::uintmax_t>(there, kMost));
  }

  /// Keeps one of the failures that are the same at several points, and adds the points to it.
  void group() {
    not_passed_ = failed_.size();
    std::erase_if(failed_, [this](const Trouble &one) { return groups_.first_of(one.place) != nullptr; });
    for (Trouble &one : failed_) {
      const std::string points = groups_.points_of(one.place);
      if (!points.empty()) one.summary += ", " + markdown_code(points);
    }
  }

  void write(const outcome::RunFinished &end) {
    const auto by_number = [](const Trouble &left, const Trouble &right) { return left.number < right.number; };
    std::stable_sort(failed_.begin(), failed_.end(), by_number);
    group();
    std::stable_sort(flaky_.begin(), flaky_.end(), by_number);
    const std::size_t all = room();
    const std::string first = head(end);
    std::string rest = flaky();
    if (table_.size() > 1) rest += details("Plans by CPUs", table_.render_markdown(kMostOfATable), true);
    rest += slowest() + notes() + versions();
    std::string text;
    if (first.size() + rest.size() <= all) {
      text = first + failures(all - first.size() - rest.size()) + rest;
    } else if (first.size() <= all) {  // other content has filled the file
      text = first;
    }
    if (append_) {
      storage::append_whole(file_, text);
    } else {
      storage::write_whole(file_, text);
    }
  }

  std::filesystem::path file_;
  std::string version_, hypervisor_;
  bool append_ = false;
  CaseTable table_;
  std::set<std::string> kernels_;
  std::vector<std::string> notices_;
  std::vector<Trouble> failed_, flaky_;
  std::size_t not_passed_ = 0;
  FailureGroups groups_;
  std::vector<Slow> slowest_;  ///< at most kSlowest, the slowest first
};

}  // namespace

std::unique_ptr<outcome::Listener> make_markdown(std::filesystem::path file, std::string version, bool append) {
  return std::make_unique<Markdown>(std::move(file), std::move(version), append);
}

}  // namespace kmodtest::report
