// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/elsewhere.hpp"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shards/asking_pace.hpp"
#include "shards/command_launcher.hpp"
#include "shards/live_results.hpp"
#include "shards/slurm_launcher.hpp"
#include "support/error_of.hpp"
#include "unit/shards/sharded_run.hpp"

namespace kmodtest::shards {
namespace {

namespace fs = std::filesystem;
using judge::Outcome;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Runs shards in this process. Each entry of `deaths` is the number of cases after which a job of a shard dies.
class FakeEngine final : public Launcher {
 public:
  FakeEngine(const ShardedRun &run, std::map<int, std::vector<std::size_t>> deaths)
      : run_(run), deaths_(std::move(deaths)) {}

  void start(const std::vector<Job> &jobs) override {
    for (const Job &job : jobs) run_job(job);
  }
  std::map<int, JobState> states() override { return states_; }
  void cancel() override { cancelled = true; }

  bool cancelled = false;
  std::map<int, int> starts;
  JobState state_of_the_dead = JobState::ended;
  std::string says;  ///< in each log

 private:
  void run_job(const Job &job) {
    states_[job.shard] = state_of_the_dead;
    const int attempt = ++starts[job.shard];
    std::ofstream(job.log) << says << "attempt " << attempt << "\n";
    auto options = run_.options("jobs/shard-" + std::to_string(job.shard));
    options.attempt = attempt;
    options.resume = true;
    auto all = run_.all_with(attempt == 1 ? Outcome::passed : Outcome::failed);
    std::vector<std::size_t> &dies = deaths_[job.shard];
    if (dies.empty()) {
      run_.write(job.shard, all, options);
      return;
    }
    const auto mine = run_.split(job.shard).mine.numbers;
    std::erase_if(all, [&](const auto &one) {
      const auto place = std::find(mine.begin(), mine.end(), one.number) - mine.begin();
      return static_cast<std::size_t>(place) >= dies.front();
    });
    dies.erase(dies.begin());
    run_.write(job.shard, all, options, false);
  }

  const ShardedRun &run_;
  std::map<int, std::vector<std::size_t>> deaths_;
  std::map<int, JobState> states_;
};

ElsewhereOptions options_of(const ShardedRun &run, int shards) {
  ElsewhereOptions options;
  options.folder = run.scratch() / "jobs";
  options.enter = "cd /project";
  options.command = {"/usr/bin/kmodtest", "run", "'plans with blanks/'"};
  options.there = "/shared/jobs";
  options.shards = shards;
  return options;
}

TEST(Elsewhere, AShardThatDiesIsStartedAgainAndNothingIsLostOrCountedTwice) {
  const ShardedRun run(3);
  FakeEngine engine(run, {{2, {2}}});
  Heard live;
  const Elsewhere came = run_elsewhere(engine, options_of(run, 3), live);
  EXPECT_TRUE(came.problems.empty());
  EXPECT_EQ(engine.starts[1], 1);
  EXPECT_EQ(engine.starts[2], 2);
  EXPECT_EQ(live.finished.size(), 13U);
  const Heard merged = ShardedRun::merged(came.results);
  EXPECT_EQ(merged.finished.size(), 13U);
  EXPECT_EQ(merged.results(), live.results());
  const std::string results = live.results();
  EXPECT_EQ(std::count(results.begin(), results.end(), 'P'), 13 - 2) << "two cases of shard 2 ran in its second job";
  EXPECT_THAT(live.notices, Contains("the job of shard 2/3 ended after 2 cases; starting it again"));
  const std::string script = support::read_file(run.scratch() / "jobs/shard-2.sh");
  EXPECT_THAT(script, HasSubstr("cd /project || exit 3\nexec /usr/bin/kmodtest run 'plans with blanks/' --shard 2/3 "
                                "--results /shared/jobs/shard-2 --resume --attempt 2\n"));
}

TEST(Elsewhere, AJobThatHelpsTakesTheCasesInTheOppositeOrder) {
  const ShardedRun run(1);
  Split split = run.split(1);
  run::History known(run.scratch() / "known.json");
  known.add(*split.mine.cases[4], outcome::Seconds(9), Outcome::passed);
  known.add(*split.mine.cases[7], outcome::Seconds(10), Outcome::passed);
  ASSERT_TRUE(known.save());
  turn_around(split, run::History(run.scratch() / "known.json"));
  EXPECT_THAT(split.mine.numbers, ElementsAre(4, 7, 12, 11, 10, 9, 8, 6, 5, 3, 2, 1, 0)) << "unknown ones can be long";
  for (std::size_t place = 0; place < 13; ++place)
    EXPECT_EQ(split.mine.cases[place]->id, run.cases()[split.mine.numbers[place]]->id);
}

/// An engine whose second machine has nothing to do. Both jobs run until they are stopped.
class TwoMachines final : public Launcher {
 public:
  explicit TwoMachines(const ShardedRun &run) : run_(run) {}

  void start(const std::vector<Job> &jobs) override {
    for (const Job &job : jobs) {
      states_[job.shard] = JobState::running;
      scripts.push_back(support::read_file(job.script));
      auto cases = run_.all_with(Outcome::passed);
      // They meet at the case with the number 5, which both run.
      std::erase_if(cases, [&](const auto &one) { return job.shard == 1 ? one.number > 5 : one.number < 5; });
      run_.write(1, cases, run_.options("jobs/shard-" + std::to_string(job.shard)), false);
    }
  }
  std::map<int, JobState> states() override { return states_; }
  std::size_t idle() override { return 1; }
  void stop(int job) override { stopped.push_back(job); }
  void cancel() override {}

  std::vector<std::string> scripts;
  std::vector<int> stopped;

 private:
  const ShardedRun &run_;
  std::map<int, JobState> states_;
};

TEST(Elsewhere, AMachineWithNothingToDoHelpsAndNoCaseIsCountedTwice) {
  const ShardedRun run(1);
  TwoMachines engine(run);
  auto options = options_of(run, 1);
  options.worth_help = std::chrono::milliseconds(1);
  Heard live;
  const Elsewhere came = run_elsewhere(engine, options, live);
  EXPECT_TRUE(came.problems.empty());
  ASSERT_EQ(engine.scripts.size(), 2U);
  EXPECT_THAT(engine.scripts[1], HasSubstr(" --from-the-end --shard 1/1 --results /shared/jobs/shard-2 --resume "));
  EXPECT_THAT(engine.stopped, ElementsAre(1, 2)) << "each runs what the other one has run, if nothing stops it";
  EXPECT_THAT(live.notices,
              Contains("shard 1/1 has 7 cases left; a machine that has nothing to do helps from its end"));
  EXPECT_EQ(live.finished.size(), 13U);
  ASSERT_EQ(came.results.size(), 2U);
  MergeOptions merge;
  merge.shards_had_help = true;
  const Heard merged = ShardedRun::merged(came.results, nullptr, merge);
  EXPECT_EQ(merged.results(), std::string(13, 'P'));
  EXPECT_EQ(merged.finished.size(), 13U);
  EXPECT_THAT(merged.notices, ElementsAre("KVM does not work here"));
}

TEST(Elsewhere, AMachineThatDiffersIsToldOnce) {
  const ShardedRun run(3);
  FakeEngine engine(run, {});
  engine.says = "pack: 3 put there\n  note this machine has another busybox (package busybox-static)\n";
  Heard live;
  run_elsewhere(engine, options_of(run, 3), live);
  EXPECT_THAT(live.notices, ElementsAre("the machine of shard 1/3: this machine has another busybox (package "
                                        "busybox-static)"));
}

TEST(Elsewhere, AShardThatAlwaysDiesIsGivenUpAndWhatItRanCounts) {
  const ShardedRun run(2);
  FakeEngine engine(run, {{1, {1, 1, 1, 1}}});
  Heard live;
  const Elsewhere came = run_elsewhere(engine, options_of(run, 2), live);
  EXPECT_EQ(engine.starts[1], 4) << "the first one brought a result";
  ASSERT_EQ(came.problems.size(), 1U);
  EXPECT_THAT(came.problems[0], HasSubstr("shard 1/2 was started 4 times and never came to its end [K1008]: "));
  EXPECT_THAT(came.problems[0], HasSubstr("\n  attempt 4"));
  const Heard merged = ShardedRun::merged(came.results);
  const std::string results = merged.results();
  EXPECT_EQ(std::count(results.begin(), results.end(), 'E'),
            static_cast<std::ptrdiff_t>(run.split(1).mine.numbers.size()) - 1);
}

TEST(Elsewhere, AShardThatGetsOnIsStartedAsOftenAsItIsPreempted) {
  const ShardedRun run(2);
  FakeEngine engine(run, {{1, {1, 2, 3, 4}}});
  Heard live;
  const Elsewhere came = run_elsewhere(engine, options_of(run, 2), live);
  EXPECT_EQ(engine.starts[1], 5) << "three are the limit for those that get nowhere";
  EXPECT_TRUE(came.problems.empty());
  EXPECT_EQ(ShardedRun::merged(came.results).finished.size(), 13U);
}

TEST(Elsewhere, AShardThatAUserCancelsIsNotStartedAgain) {
  const ShardedRun run(2);
  FakeEngine engine(run, {{1, {2}}});
  engine.state_of_the_dead = JobState::cancelled;
  Heard live;
  const Elsewhere came = run_elsewhere(engine, options_of(run, 2), live);
  EXPECT_EQ(engine.starts[1], 1);
  ASSERT_EQ(came.problems.size(), 1U);
  EXPECT_THAT(came.problems[0], HasSubstr("shard 1/2 was cancelled by a user or an administrator [K1008]: "));
  EXPECT_EQ(live.finished.size(), 2 + run.split(2).mine.numbers.size());
}

TEST(Elsewhere, ReadsOnlyWhatIsNewInTheResultsOfAShard) {
  const ShardedRun run(1);
  auto some = run.all_with(Outcome::passed);
  some.resize(5);
  auto options = run.options("r");
  LiveResults live(run.scratch() / "r");
  std::vector<std::size_t> numbers;
  const auto read = [&] {
    numbers.clear();
    live.read([&](const KeptCase &kept) { numbers.push_back(kept.finished.number); });
    return numbers.size();
  };
  EXPECT_EQ(read(), 0U) << "the folder does not exist yet";
  EXPECT_FALSE(live.complete());
  run.write(1, some, options, false);
  EXPECT_FALSE(live.complete());
  EXPECT_EQ(read(), 5U);
  EXPECT_EQ(read(), 0U);
  options.resume = true;
  options.attempt = 2;
  run.write(1, run.all_with(Outcome::passed), options);
  EXPECT_TRUE(live.complete());
  EXPECT_EQ(read(), 8U);
}

TEST(Elsewhere, AShardThatASignalEndedIsNotComplete) {
  const ShardedRun run(1);
  auto options = run.options("r");
  Split mine = run.split(1);
  const auto writer = make_results(options, mine, run.history());
  writer->on(outcome::RunStarted{mine.mine.cases.size(), 2, "QEMU", 1, {}});
  writer->on(support::run_finished({}, 13, true));
  LiveResults live(options.path);
  EXPECT_FALSE(live.complete()) << "a task that is preempted gets SIGTERM first";
  options.resume = true;
  options.attempt = 2;
  run.write(1, run.all_with(Outcome::passed), options);
  EXPECT_TRUE(live.complete());
}

TEST(Elsewhere, AFolderOfACaseIsShownWhereTheMergePutsIt) {
  const ShardedRun run(1);
  const fs::path folder = run.scratch() / "failed here/a case";
  fs::create_directories(folder);
  run.scratch().write("failed here/a case/log", "text");
  auto all = run.all_with(Outcome::failed);
  all[3].artifacts = folder;
  auto options = run.options("jobs/shard-1");
  run.write(1, all, options);
  FolderPlaces places(run.scratch() / "out");
  Split mine = run.split(1);
  EXPECT_EQ(places.of(options.path / "folders/a case"), run.scratch() / "out/a case");
  EXPECT_EQ(places.of(options.path / "folders/a case"), run.scratch() / "out/a case") << "as before";
  EXPECT_EQ(places.of("other/folders/a case"), run.scratch() / "out/a case~2");
  MergeOptions merge;
  merge.folders = run.scratch() / "out";
  merge.places = std::make_shared<FolderPlaces>(places);
  const Heard heard = ShardedRun::merged({options.path}, nullptr, merge);
  EXPECT_EQ(support::read_file(run.scratch() / "out/a case/log"), "text");
  const auto is_it = [&](const auto &one) { return one.artifacts == run.scratch() / "out/a case"; };
  EXPECT_EQ(std::count_if(heard.finished.begin(), heard.finished.end(), is_it), 1);
}

TEST(Elsewhere, ASchedulerIsAskedLessAndLessOften) {
  AskingPace pace;
  const AskingPace::Time start{std::chrono::hours(1)};
  EXPECT_TRUE(pace.is_due(start));
  pace.changed(start);
  EXPECT_FALSE(pace.is_due(start + std::chrono::milliseconds(1'999)));
  EXPECT_TRUE(pace.is_due(start + std::chrono::seconds(2)));
  pace.unchanged(start);
  EXPECT_FALSE(pace.is_due(start + std::chrono::milliseconds(2'999)));
  EXPECT_TRUE(pace.is_due(start + std::chrono::seconds(3)));
  for (int i = 0; i < 100; ++i) pace.unchanged(start);
  EXPECT_FALSE(pace.is_due(start + std::chrono::milliseconds(9'999)));
  EXPECT_TRUE(pace.is_due(start + std::chrono::seconds(10)));
  pace.changed(start);
  EXPECT_TRUE(pace.is_due(start + std::chrono::seconds(2)));
}

TEST(Elsewhere, ASignalCancelsAllJobs) {
  /// An engine whose jobs never end.
  class Endless final : public Launcher {
   public:
    void start(const std::vector<Job> &) override { ::raise(SIGINT); }
    std::map<int, JobState> states() override { return {{1, JobState::running}}; }
    void cancel() override { cancelled = true; }
    bool cancelled = false;
  };
  const ShardedRun run(1);
  Endless engine;
  Heard live;
  EXPECT_TRUE(run_elsewhere(engine, options_of(run, 1), live).interrupted);
  EXPECT_TRUE(engine.cancelled);
}

TEST(Elsewhere, TheNumberOfShardsFollowsTheWork) {
  const ShardedRun run(1);
  EXPECT_EQ(worthwhile_shards(run.cases(), *run.history(), 64), 13) << "what is not known can be long";
  run::History known(run.scratch() / "known.json");
  for (const auto &each : run.cases()) known.add(*each, outcome::Seconds(10), Outcome::passed);
  ASSERT_TRUE(known.save());
  const run::History history(run.scratch() / "known.json");
  EXPECT_LE(worthwhile_shards(run.cases(), history, 64), 5);
  EXPECT_EQ(worthwhile_shards(run.cases(), history, 2), 2);
  EXPECT_EQ(worthwhile_shards({}, history, 2), 1);
}

TEST(Elsewhere, ACommandRunsTheScriptAndEndsWithIt) {
  const support::ScratchFolder scratch;
  const fs::path script = scratch.write("it's a script.sh", "echo hello; echo oops >&2; exit 3\n");
  CommandLauncher launcher("sh {}");
  launcher.start({{1, script, scratch / "log"}});
  while (launcher.states().at(1) != JobState::ended) ::usleep(1000);
  EXPECT_EQ(support::read_file(scratch / "log"), "hello\noops\n");
  launcher.start({{2, scratch.write("long.sh", "sleep 1000 & wait\n"), scratch / "log"}});
  EXPECT_EQ(launcher.states().at(2), JobState::running);
  launcher.cancel();
  EXPECT_EQ(launcher.states().at(2), JobState::ended);
}

TEST(Elsewhere, ReadsWhatSlurmPrints) {
  EXPECT_THAT(sbatch_options("partition=short,time=30,exclusive"),
              ElementsAre("--partition=short", "--time=30", "--exclusive"));
  EXPECT_TRUE(sbatch_options("").empty());
  EXPECT_THAT(support::error_of([] { sbatch_options("--time=3"); }), HasSubstr("without dashes, not '--time=3'"));
  const auto states = parse_squeue(
      "17 1 RUNNING\n17 2 PENDING\n18 3 COMPLETING\n17 N/A RUNNING\n18 4 NODE_FAIL\n18 5 CANCELLED\n18 6 COMPLETED\n");
  EXPECT_EQ(states.size(), 6U);
  EXPECT_EQ(states.at({"18", 4}), JobState::ended);
  EXPECT_EQ(states.at({"18", 5}), JobState::cancelled);
  EXPECT_EQ(states.at({"18", 6}), JobState::ended);
  EXPECT_EQ(states.at({"17", 1}), JobState::running);
  EXPECT_EQ(states.at({"17", 2}), JobState::waiting);
  EXPECT_EQ(states.at({"18", 3}), JobState::running);
}

TEST(Elsewhere, RefusesWhatIsNoEngine) {
  EXPECT_THAT(support::error_of([] { make_launcher("slrm", "name", "/tmp"); }),
              HasSubstr("--on takes slurm, slurm:OPTIONS, ssh:HOSTS, or a command with {}, not 'slrm'"));
}

}  // namespace
}  // namespace kmodtest::shards
