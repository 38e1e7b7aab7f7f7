// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <regex>
#include <set>

#include "report/listeners.hpp"
#include "support/error_of.hpp"
#include "unit/shards/sharded_run.hpp"

namespace kmodtest::shards {
namespace {

namespace fs = std::filesystem;
using judge::Outcome;
using run::ExitCode;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<outcome::CaseFinished> every_result() {
  std::vector<outcome::CaseFinished> all;
  for (const outcome::Event &event : support::every_kind()) {
    if (const auto *one = std::get_if<outcome::CaseFinished>(&event)) all.push_back(*one);
  }
  return all;
}

/// Returns the page without what changes with the time of day.
std::string page_of(const fs::path &file) {
  return std::regex_replace(support::read_file(file), std::regex("<dd>2[0-9]{3}-[^<]* UTC</dd>"), "");
}

TEST(Merge, WritesTheOutputsThatOneMachineWrites) {
  const ShardedRun run(3);
  const auto all = every_result();
  std::vector<fs::path> results;
  for (int shard = 1; shard <= 3; ++shard)
    results.push_back(run.write(shard, all, run.options("r" + std::to_string(shard))));
  const auto &folder = run.scratch();
  const auto make = [&](const std::string &name) {
    std::vector<std::unique_ptr<outcome::Listener>> made;
    made.push_back(report::make_ktap(folder / (name + ".ktap"), run.cases()));
    made.push_back(report::make_markdown(folder / (name + ".md"), kThisVersion));
    made.push_back(report::make_html(folder / (name + ".html"), kThisVersion));
    return made;
  };
  Heard heard;
  {
    auto merged = make("merged");
    std::vector<outcome::Listener *> listeners = {&heard};
    for (const auto &each : merged) listeners.push_back(each.get());
    Merge(find_results(results).all, {}).tell(listeners);
  }
  {  // the same cases in the same order, as a runner tells them
    auto one = make("one");
    const auto tell = [&](const outcome::Event &event) {
      for (const auto &each : one) each->on(event);
    };
    tell(outcome::RunStarted{run.cases().size(), 6, "QEMU", 1, {}});
    tell(outcome::Notice{"KVM does not work here"});
    for (const outcome::CaseFinished &heard_one : heard.finished) {
      for (outcome::CaseFinished finished : all) {
        if (finished.number != heard_one.number) continue;
        finished.test_case = run.cases()[finished.number];
        finished.artifacts.clear();  // there is no such folder
        tell(finished);
      }
    }
    tell(heard.end);
  }
  EXPECT_EQ(heard.finished.size(), all.size());
  for (const char *end : {".ktap", ".md"}) {
    EXPECT_EQ(support::read_file(folder / ("merged" + std::string(end))),
              support::read_file(folder / ("one" + std::string(end))));
  }
  EXPECT_EQ(page_of(folder / "merged.html"), page_of(folder / "one.html"));
}

TEST(Merge, KeepsTheTestsInTheGuestAndWhereAPointerLed) {
  const ShardedRun run(1);
  auto all = run.all_with(Outcome::failed);
  const observe::KtapTest test{.name = "suite.adds",
                               .result = observe::KtapTest::Result::missing,
                               .reason = "why",
                               .diagnostics = {"# 3 is not 4"},
                               .line = 7};
  all.front().verdict.tests = {test};
  auto seen = std::make_shared<judge::Observations>();
  judge::PointerLeft pointer;
  pointer.section = ".data";
  seen->pointers.found = {pointer};
  all.front().seen = seen;
  const Heard heard = ShardedRun::merged({run.write(1, all, run.options("r1"))});
  ASSERT_FALSE(heard.finished.empty());
  EXPECT_THAT(heard.finished.front().verdict.tests, ::testing::ElementsAre(test));
  EXPECT_EQ(heard.finished.front().seen->pointers.found.at(0).section, ".data");
}

TEST(Merge, FoldersAndArchivesAreOneAndTheOrderDoesNotMatter) {
  const ShardedRun run(2);
  const auto all = run.all_with(Outcome::passed);
  const fs::path folder = run.write(1, all, run.options("in/one"));
  const fs::path archive = run.write(2, all, run.options("in/two.tar.zst"));
  EXPECT_TRUE(fs::is_directory(folder));
  EXPECT_FALSE(fs::exists(archive.string() + ".folder"));
  run::RunResult result;
  EXPECT_EQ(ShardedRun::merged({archive, folder}, &result).results(), std::string(13, 'P'));
  EXPECT_EQ(run::exit_code(result), ExitCode::all_passed);
  EXPECT_EQ(ShardedRun::merged({run.scratch() / "in"}).results(), std::string(13, 'P'));
}

TEST(Merge, AShardWithoutResultsIsErrored) {
  const ShardedRun run(4);
  const auto all = run.all_with(Outcome::passed);
  run::RunResult result;
  const Heard heard = ShardedRun::merged(
      {run.write(1, all, run.options("1")), run.write(2, all, run.options("2")), run.write(4, all, run.options("4"))},
      &result);
  EXPECT_EQ(heard.finished.size(), 13U);
  const auto missing = run.split(3).mine.numbers;
  const std::string results = heard.results();
  EXPECT_EQ(static_cast<std::size_t>(std::count(results.begin(), results.end(), 'E')), missing.size());
  const judge::Evidence &why = heard.finished.back().verdict.evidence.front();
  EXPECT_EQ(why.summary, "shard 3/4 has no results");
  EXPECT_EQ(why.code, base::Code::shard_missing);
  EXPECT_EQ(run::exit_code(result), ExitCode::infrastructure);
}

TEST(Merge, NamesTheCasesOfNeighboursOnly) {
  Cases cases;
  for (int cpus = 1; cpus <= 40; ++cpus) cases.push_back(support::make_case("a", cpus));
  const ShardedRun run(40, cases);
  const Heard heard = ShardedRun::merged({run.write(3, run.all_with(Outcome::passed), run.options("3"))});
  std::set<std::string> names;
  for (const outcome::CaseFinished &one : heard.finished) names.insert(one.test_case->id);
  EXPECT_EQ(names.size(), 40U);
  EXPECT_EQ(std::count_if(names.begin(), names.end(), [](const auto &name) { return name.starts_with("a ["); }),
            kListedShards);
}

TEST(Merge, TheLastResultOfAShardCountsAndWhatPassesOnlyThenIsFlaky) {
  const ShardedRun run(1);
  auto first = run.all_with(Outcome::passed);
  first[3] = support::numbered(support::finished(run.cases()[3], Outcome::hung, "stuck"), 3);
  first[4] = support::numbered(support::finished(run.cases()[4], Outcome::failed, "wrong"), 4);
  auto second = run.all_with(Outcome::passed);
  second[4] = first[4];
  second[5] = support::numbered(support::finished(run.cases()[5], Outcome::crashed, "oops"), 5);
  auto options = run.options("second");
  options.attempt = 2;
  const fs::path later = run.write(1, second, options);  // written first: the number of the attempt decides
  const fs::path earlier = run.write(1, first, run.options("first"));
  const Heard heard = ShardedRun::merged({earlier, later});
  EXPECT_EQ(heard.results(), "PPPFFCPPPPPPP");  // Flaky and Failed
  const auto flaky =
      std::find_if(heard.finished.begin(), heard.finished.end(), [](const auto &one) { return one.flaky(); });
  ASSERT_NE(flaky, heard.finished.end());
  EXPECT_EQ(flaky->number, 3U);
  EXPECT_EQ(flaky->attempt, 2);
  EXPECT_EQ(flaky->earlier.front().verdict.evidence.front().summary, "stuck");
  EXPECT_EQ(heard.end.flaky, 1U);
  EXPECT_THAT(heard.notices, Contains(StartsWith("shard 1/1 has 2 results; attempt 2 of ")));
}

TEST(Merge, AResultThatDiedCountsForTheCasesThatTheNextOneLacks) {
  const ShardedRun run(1);
  auto some = run.all_with(Outcome::passed);
  some.resize(5);
  auto others = run.all_with(Outcome::failed);
  others.erase(others.begin(), others.begin() + 3);
  auto options = run.options("second");
  options.attempt = 2;
  const Heard heard =
      ShardedRun::merged({run.write(1, some, run.options("first"), false), run.write(1, others, options)});
  EXPECT_EQ(heard.results(), "PPP" + std::string(10, 'F'));
  EXPECT_EQ(heard.finished.size(), 13U);
}

TEST(Merge, AResumedShardRunsOnlyWhatItHasNoResultOf) {
  const ShardedRun run(1);
  auto some = run.all_with(Outcome::passed);
  some.resize(5);
  run.write(1, some, run.options("r"), false);
  auto options = run.options("r");
  options.attempt = 2;
  options.resume = true;
  Split left = run.split(1);
  EXPECT_EQ(leave_out_finished(left, options), 5U);
  EXPECT_EQ(left.mine.numbers.front(), 5U);
  const fs::path path = run.write(1, run.all_with(Outcome::failed), options);
  EXPECT_EQ(ShardedRun::merged({path}).results(), "PPPPP" + std::string(8, 'F'));
}

TEST(Merge, WhatAShardThatEndedDidNotRunIsNotRun) {
  const ShardedRun run(1);
  auto some = run.all_with(Outcome::failed);
  some.resize(2);  // --fail-fast
  run::RunResult result;
  const Heard heard = ShardedRun::merged({run.write(1, some, run.options("r"))}, &result);
  EXPECT_EQ(heard.end.not_run, 11U);
  EXPECT_EQ(run::exit_code(result), ExitCode::some_did_not_pass);
}

TEST(Merge, NothingIsLostOfATruncatedResult) {
  const ShardedRun run(1);
  const fs::path path = run.write(1, run.all_with(Outcome::passed), run.options("r"));
  const fs::path file = path / "finished.1";
  fs::resize_file(file, fs::file_size(file) - 3);
  const Heard heard = ShardedRun::merged({path});
  EXPECT_EQ(heard.results(), std::string(12, 'P') + "E");
  EXPECT_EQ(heard.finished.back().verdict.evidence.front().code, base::Code::damaged_results);
  EXPECT_THAT(heard.notices, Contains(HasSubstr("(shard 1/1) is damaged or cut off [K1002]")));
}

TEST(Merge, NothingIsLostOfATruncatedArchive) {
  const ShardedRun run(1);
  auto all = run.all_with(Outcome::failed);
  std::mt19937 random;  // not compressible, so that zstd does not hold everything back
  std::string noise(1'000'000, ' ');
  for (char &each : noise) each = static_cast<char>(random());
  all[2].artifacts = run.scratch().write("failed/a/vmcore", noise).parent_path();
  const fs::path path = run.write(1, all, run.options("r.tar.zst"));
  fs::resize_file(path, fs::file_size(path) / 2);
  MergeOptions options;
  options.folders = run.scratch() / "out";
  const Heard heard = ShardedRun::merged({path}, nullptr, options);
  EXPECT_EQ(heard.results(), std::string(13, 'F'));
  EXPECT_THAT(heard.notices, Contains(HasSubstr("[K1002]")));
}

TEST(Merge, AResultOfWhichNothingIsLeftLosesNothingOfTheOthers) {
  const ShardedRun run(2);
  const auto all = run.all_with(Outcome::passed);
  const fs::path good = run.write(1, all, run.options("one")), cut = run.write(2, all, run.options("r.tar.zst"));
  const auto expect_the_other = [&](const fs::path &path, const char *said) {
    run::RunResult result;
    const Heard heard = ShardedRun::merged({path, good}, &result);
    EXPECT_THAT(heard.notices, Contains(HasSubstr(said)));
    const std::string results = heard.results();
    EXPECT_EQ(std::count(results.begin(), results.end(), 'P'), std::ptrdiff_t(run.split(1).mine.numbers.size()));
    EXPECT_EQ(run::exit_code(result), ExitCode::infrastructure);
    EXPECT_THAT(support::error_of([&] { ShardedRun::merged({path}); }), HasSubstr("is damaged or cut off: "));
  };
  for (const std::uintmax_t size : {1'000, 4, 1, 0}) {  // zstd holds back everything of so small an archive
    fs::resize_file(cut, size);
    expect_the_other(cut, size > 4 ? "r.tar.zst' is damaged or cut off: Truncated zstd input [K1002]" : "[K1002]");
  }
  const fs::path folder = run.write(2, all, run.options("two"));
  run.scratch().write("two/manifest.json", R"({"attempt":1,"ca)");
  expect_the_other(folder, "two' is damaged or cut off: its manifest cannot be read [K1002]");
}

TEST(Merge, RefusesWhatIsNotOneRun) {
  const ShardedRun two(2), three(3);
  Cases fewer = support::every_case();
  fewer.pop_back();
  const ShardedRun other(2, fewer);
  const auto all = two.all_with(Outcome::passed);
  const fs::path one = two.write(1, all, two.options("one"));
  const auto merged = [&](const fs::path &path) { return support::error_of([&] { ShardedRun::merged({one, path}); }); };
  EXPECT_THAT(merged(three.write(2, all, three.options("r"))), HasSubstr("r' is shard 2 of 3, of another split than"));
  EXPECT_THAT(merged(other.write(2, all, other.options("r"))), HasSubstr("has results of other plans or cases than"));
  auto newer = two.options("new");
  newer.version = "2.0.0";
  EXPECT_THAT(merged(two.write(2, all, newer)), HasSubstr("is from kmodtest 2.0.0, and this is kmodtest 1.2.3"));
  fs::copy(one, two.scratch() / "copy", fs::copy_options::recursive);
  EXPECT_THAT(merged(two.scratch() / "copy"), HasSubstr("are the same result of shard 1/2"));
  EXPECT_THAT(merged(two.scratch().write("notes.txt", "hello")), HasSubstr("notes.txt' has no results of kmodtest"));
  EXPECT_THAT(merged(two.scratch().write("x.tar.zst", "hello")), HasSubstr("x.tar.zst' has no results of kmodtest"));
  EXPECT_THAT(merged(two.scratch() / "plans"), HasSubstr("neither it nor anything below it is a result"));
  EXPECT_THAT(merged(two.scratch() / "none"), HasSubstr("no such file or folder"));
}

TEST(Merge, TakesTheFoldersOfCasesAlong) {
  const ShardedRun run(1);
  auto all = run.all_with(Outcome::failed);
  all[2].artifacts = run.scratch() / "failed/a [x]";
  run.scratch().write("failed/a [x]/verdict.txt", "it failed");
  run.scratch().write("failed/a [x]/case/deep.txt", "below");
  for (const char *name : {"r", "r.tar.zst"}) {
    MergeOptions options;
    options.folders = run.scratch() / ("out of " + std::string(name));
    const Heard heard = ShardedRun::merged({run.write(1, all, run.options(name))}, nullptr, options);
    EXPECT_EQ(heard.finished[2].artifacts, options.folders / "a [x]");
    EXPECT_EQ(support::read_file(heard.finished[2].artifacts / "verdict.txt"), "it failed");
    EXPECT_EQ(support::read_file(heard.finished[2].artifacts / "case/deep.txt"), "below");
  }
  const Heard heard = ShardedRun::merged({run.scratch() / "r"});
  EXPECT_EQ(support::read_file(heard.finished[2].artifacts / "verdict.txt"), "it failed");
}

TEST(Merge, AddsTheRunsToTheHistory) {
  const ShardedRun run(2, {support::make_case("a", 1), support::make_case("a", 2), support::make_case("b", 1)});
  const auto all = run.all_with(Outcome::passed);
  MergeOptions options;
  options.history = run.history();
  ShardedRun::merged({run.write(1, all, run.options("1")), run.write(2, all, run.options("2"))}, nullptr, options);
  const run::History next(run.scratch() / "history.json", run.scratch().path());
  for (const auto &each : run.cases()) {
    ASSERT_NE(next.find(*each), nullptr);
    EXPECT_EQ(next.expected(*each)->count(), 1.25);
  }
}

TEST(Merge, SaysThatTheHistoryCouldNotBeSaved) {
  const ShardedRun run(1);
  run.scratch().write("file", "");
  MergeOptions options;
  options.history = std::make_shared<run::History>(run.scratch() / "file/history.json", run.scratch().path());
  const Heard heard =
      ShardedRun::merged({run.write(1, run.all_with(Outcome::passed), run.options("1"))}, nullptr, options);
  EXPECT_THAT(heard.notices, Contains(HasSubstr("the history could not be saved")));
  options.history = std::make_shared<run::History>(run.scratch() / "new folder/history.json", run.scratch().path());
  EXPECT_THAT(ShardedRun::merged({run.scratch() / "1"}, nullptr, options).notices,
              ::testing::Not(Contains(HasSubstr("the history"))));
  EXPECT_TRUE(fs::exists(run.scratch() / "new folder/history.json"));
}

}  // namespace
}  // namespace kmodtest::shards
