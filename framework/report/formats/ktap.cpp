// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "outcome/result.hpp"
#include "report/failure/failure.hpp"
#include "report/formats/ktap_cases.hpp"
#include "report/listeners.hpp"
#include "storage/output_file.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/replace.hpp"

namespace kmodtest::report {

namespace {

using text::replaced;
using text::trimmed;

constexpr const char *kHash = "\\x23";  ///< a "#" that is not part of KTAP's own syntax

/// The kernel's parser stops after these words, anywhere in a line (kunit_parser.py, KTAP_END).
constexpr std::array<std::string_view, 3> kEndOfInput = {
    "List of all partitions:", "Kernel panic - not syncing: VFS:", "reboot: System halted"};

/// Makes one line of the file, in which a guest's text cannot act as syntax.
std::string line_of(std::string text) {
  for (const std::string_view end : kEndOfInput) {
    text = replaced(std::move(text), end, replaced(std::string(end), ":", "\\x3a"));
  }
  return text + "\n";
}

/// Makes the description of a test: it must not contain "#", and a "- " before it is not part of it.
std::string description(std::string_view text) {
  std::string name = replaced(std::string(trimmed(text::printable(text), " ")), "#", kHash);
  if (name.rfind("- ", 0) == 0) name.replace(0, 1, "\\x2d");
  return name.empty() ? "(no name)" : name;
}

/// Makes the text after " # " in a result line. A further " #" there could be a directive ("# SKIP").
std::string diagnostic_data(std::string_view text) {
  const std::string line =
      replaced(" " + std::string(trimmed(text::printable(text), " ")), " #", std::string(" ") + kHash);
  return line.substr(1);
}

/// Makes diagnostic lines of a text. "# Subtest:" would begin a test.
std::string diagnostics(std::string_view text, const std::string &indent) {
  std::string lines;
  for (const std::string &line : text::lines_of(text)) {
    const bool like_syntax = line.rfind("Subtest:", 0) == 0;
    lines += line_of(indent + (line.empty() ? "#" : like_syntax ? "#  " : "# ") + text::printable(line));
  }
  return lines;
}

bool is_ok(outcome::Result result) {
  return outcome::went_well(result) || result == outcome::Result::flaky;
}

/// Returns how a case ended, for the text after its description.
std::string ending(const outcome::CaseFinished &finished) {
  const outcome::Result result = outcome::result_of(finished);
  const std::string why = diagnostic_data(reason(finished));
  const std::string word = outcome::result_word(result);
  switch (result) {
    case outcome::Result::passed:
      return finished.verdict.came.empty() ? "" : " # " + diagnostic_data(as_expected(finished));
    case outcome::Result::flaky:
      return " # flaky: " + why;
    case outcome::Result::skipped:
      return " # SKIP " + why;
    case outcome::Result::hung:
      return fmt::format(" # TIMEOUT {}: {}", word, why);
    case outcome::Result::errored:
      return fmt::format(" # ERROR {}: {}", word, why);
    case outcome::Result::failed:
    case outcome::Result::crashed:
    case outcome::Result::leaked:
      break;
  }
  return fmt::format(" # {}: {}", word, why);
}

/// A place in the file for one run of a case.
struct Slot {
  std::size_t plan = 0;  ///< index into the plans
  std::string name;
};

struct Plan {
  std::string name;
  std::size_t slots = 0;
  std::size_t done = 0, passed = 0, failed = 0, skipped = 0;
};

struct Entry {
  std::string diagnostics;
  std::string ending;
  bool ok = false;
  bool skipped = false;
};

class Ktap final : public outcome::Listener {
 public:
  Ktap(const std::filesystem::path &file, const KtapCases &cases, int repeats, std::string version)
      : version_(std::move(version)), file_(file, file) {
    arrange(cases, std::max(repeats, 1));
  }

  void on(const outcome::Event &event) override {
    if (const auto *started = std::get_if<outcome::RunStarted>(&event)) {
      begin(*started);
    } else if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) {
      finished_[place_of(*finished)] = entry_of(*finished);
      write_ready();
    } else if (const auto *end = std::get_if<outcome::RunFinished>(&event)) {
      finish(*end);
    }
  }

 private:
  /// Assigns a place to each run of a case.
  void arrange(const KtapCases &cases, int repeats) {
    std::map<const KtapCases::Plan *, std::size_t> by_plan;
    std::vector<std::vector<std::pair<std::size_t, Slot>>> slots;  // by plan, with their numbers
    std::size_t number = 0;
    for (const KtapCases::Case &test_case : cases.all()) {
      const auto [at, is_new] = by_plan.try_emplace(test_case.plan, plans_.size());
      if (is_new) {
        plans_.push_back({description(test_case.plan->second)});
        slots.emplace_back();
      }
      for (int repeat = 1; repeat <= repeats; ++repeat) {
        const std::string which = repeats > 1 ? fmt::format(" run {}", repeat) : "";
        slots[at->second].push_back({number++, {at->second, description(test_case.id + which)}});
      }
    }
    places_.resize(number);
    for (std::size_t index = 0; index < slots.size(); ++index) {
      plans_[index].slots = slots[index].size();
      for (const auto &[its_number, slot] : slots[index]) {
        // The parser mistakes a test with its plan's name for the plan's own result.
        if (slot.name == plans_[index].name) plans_[index].name += " (plan)";
        places_[its_number] = slots_.size();
        slots_.push_back(slot);
      }
    }
  }

  void begin(const outcome::RunStarted &started) {
    file_.write(line_of("KTAP version 1") + line_of(fmt::format("1..{}", plans_.size())) +
                diagnostics(fmt::format("kmodtest {}, {}", version_, started.hypervisor), ""));
  }

  std::size_t place_of(const outcome::CaseFinished &finished) const {
    return finished.number < places_.size() ? places_[finished.number] : slots_.size();
  }

  static Entry entry_of(const outcome::CaseFinished &finished) {
    const outcome::Result result = outcome::result_of(finished);
    Entry entry;
    if (!outcome::went_well(result)) entry.diagnostics = diagnostics(render_failure(finished), "  ");
    for (const std::string &note : finished.verdict.notes) entry.diagnostics += diagnostics("note: " + note, "  ");
    entry.ending = ending(finished);
    entry.ok = is_ok(result);
    entry.skipped = result == outcome::Result::skipped;
    return entry;
  }

  /// Writes the cases that no longer wait for an earlier one.
  void write_ready() {
    std::string text;
    for (auto at = finished_.find(next_); at != finished_.end() && next_ < slots_.size(); at = finished_.find(next_)) {
      text += render(at->second);
      finished_.erase(at);
      ++next_;
    }
    if (!text.empty()) file_.write(text);
  }

  void finish(const outcome::RunFinished &end) {
    Entry not_run;
    not_run.skipped = not_run.ok = !end.interrupted;
    not_run.ending = end.interrupted ? " # ERROR the run was interrupted before it" : " # SKIP did not run";
    for (std::size_t place = next_; place < slots_.size(); ++place) finished_.try_emplace(place, not_run);
    write_ready();
  }

  /// Returns the lines of the next case, with the first lines of its plan before it and the last ones after it.
  std::string render(const Entry &entry) {
    const Slot &slot = slots_[next_];
    Plan &plan = plans_[slot.plan];
    std::string text;
    if (plan.done++ == 0) {
      text += line_of("  KTAP version 1") + line_of("  # Subtest: " + plan.name) +
              line_of(fmt::format("  1..{}", plan.slots));
    }
    text += entry.diagnostics;
    text += line_of(fmt::format("  {} {} {}{}", entry.ok ? "ok" : "not ok", plan.done, slot.name, entry.ending));
    ++(entry.skipped ? plan.skipped : entry.ok ? plan.passed : plan.failed);
    if (plan.done < plan.slots) return text;
    const bool all_skipped = plan.skipped == plan.slots;
    text += line_of(fmt::format("# {}: pass:{} fail:{} skip:{} total:{}", plan.name, plan.passed, plan.failed,
                                plan.skipped, plan.slots));
    text += line_of(fmt::format("{} {} {}{}", plan.failed > 0 ? "not ok" : "ok", slot.plan + 1, plan.name,
                                all_skipped ? " # SKIP none of its cases ran" : ""));
    return text;
  }

  std::string version_;
  storage::OutputFile file_;
  std::vector<Plan> plans_;
  std::vector<Slot> slots_;                ///< plan by plan
  std::vector<std::size_t> places_;        ///< index into slots_, by outcome::CaseFinished::number
  std::map<std::size_t, Entry> finished_;  ///< cases that wait for earlier ones
  std::size_t next_ = 0;                   ///< the next slot to write
};

}  // namespace

std::unique_ptr<outcome::Listener> make_ktap_of(const std::filesystem::path &file, const KtapCases &cases, int repeats,
                                                std::string version) {
  return std::make_unique<Ktap>(file, cases, repeats, std::move(version));
}

std::unique_ptr<outcome::Listener> make_ktap(const std::filesystem::path &file,
                                             const std::vector<std::shared_ptr<const plan::Case>> &cases, int repeats,
                                             std::string version) {
  KtapCases names(cases.size());
  for (std::size_t number = 0; number < cases.size(); ++number) names.set(number, *cases[number]);
  return make_ktap_of(file, names, repeats, std::move(version));
}

}  // namespace kmodtest::report
