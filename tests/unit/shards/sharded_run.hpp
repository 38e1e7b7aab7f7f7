// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "outcome/result.hpp"
#include "shards/merge.hpp"
#include "shards/results_writer.hpp"
#include "shards/split.hpp"
#include "support/every_outcome.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::shards {

inline constexpr const char *kThisVersion = "1.2.3";

/// Remembers finished cases and notices.
struct Heard final : outcome::Listener {
  void on(const outcome::Event &event) override {
    if (const auto *one = std::get_if<outcome::CaseFinished>(&event)) finished.push_back(*one);
    if (const auto *notice = std::get_if<outcome::Notice>(&event)) notices.push_back(notice->text);
    if (const auto *one = std::get_if<outcome::RunFinished>(&event)) end = *one;
  }
  /// Returns the result of each case, by number; " " for none.
  std::string results() const {
    std::string text;
    for (const outcome::CaseFinished &one : finished) {
      if (text.size() <= one.number) text.resize(one.number + 1, ' ');
      text[one.number] = outcome::result_word(outcome::result_of(one)).front();
    }
    return text;
  }
  std::vector<outcome::CaseFinished> finished;
  std::vector<std::string> notices;
  outcome::RunFinished end;
};

/// A run of invented cases, in shards, in a folder.
class ShardedRun {
 public:
  explicit ShardedRun(int shards, Cases cases = support::every_case()) : shards_(shards), cases_(std::move(cases)) {
    for (auto &each : cases_) {  // the plan's content counts
      auto copy = std::make_shared<plan::Case>(*each);
      copy->plan_file = scratch_.write("plans/plan.yaml", "name: plan\n");
      each = copy;
    }
    history_ = std::make_shared<run::History>(scratch_ / "history.json", scratch_.path());
  }

  Split split(int shard) const { return split_cases(cases_, {shard, shards_}, *history_); }
  ResultsOptions options(const std::string &name) const {
    ResultsOptions options;
    options.path = scratch_ / name;
    options.version = kThisVersion;
    return options;
  }

  /// Writes the results of a shard in which the cases with these numbers have ended as given.
  std::filesystem::path write(int shard, const std::vector<outcome::CaseFinished> &all, ResultsOptions options,
                              bool ends = true) const {
    Split mine = split(shard);
    leave_out_finished(mine, options);
    const std::filesystem::path path = options.path;
    const auto writer = make_results(std::move(options), mine, history_);
    writer->on(outcome::RunStarted{mine.mine.cases.size(), 2, "QEMU", 1, {}});
    writer->on(outcome::Notice{"shard notice"});
    writer->on(outcome::Notice{"KVM does not work here"});
    for (std::size_t local = 0; local < mine.mine.numbers.size(); ++local) {
      for (outcome::CaseFinished one : all) {
        if (one.number != mine.mine.numbers[local]) continue;
        const auto settle = [&](outcome::CaseFinished &each) {
          each.number = local;
          each.test_case = mine.mine.cases[local];
        };
        settle(one);
        for (outcome::CaseFinished &earlier : one.earlier) settle(earlier);
        if (one.unlike) {
          outcome::CaseFinished unlike = *one.unlike;
          settle(unlike);
          one.unlike = std::make_shared<outcome::CaseFinished>(unlike);
        }
        writer->on(one);
      }
    }
    if (ends) writer->on(support::run_finished({}));
    return path;
  }

  /// Returns a result for each case, as `outcome`.
  std::vector<outcome::CaseFinished> all_with(judge::Outcome outcome) const {
    std::vector<outcome::CaseFinished> all;
    for (std::size_t number = 0; number < cases_.size(); ++number)
      all.push_back(support::numbered(support::finished(cases_[number], outcome, "so it is"), number));
    return all;
  }

  static Heard merged(const std::vector<std::filesystem::path> &paths, run::RunResult *result = nullptr,
                      MergeOptions options = {}) {
    auto [found, unreadable] = find_results(paths);
    options.notices = std::move(unreadable);
    check_one_run(found, kThisVersion);
    Merge merge(std::move(found), std::move(options));
    Heard heard;
    const run::RunResult came = merge.tell({&heard});
    if (result != nullptr) *result = came;
    return heard;
  }

  const support::ScratchFolder &scratch() const { return scratch_; }
  const Cases &cases() const { return cases_; }
  std::shared_ptr<run::History> history() const { return history_; }

 private:
  support::ScratchFolder scratch_;
  int shards_;
  Cases cases_;
  std::shared_ptr<run::History> history_;
};

}  // namespace kmodtest::shards
