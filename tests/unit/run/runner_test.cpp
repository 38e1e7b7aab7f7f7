// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/runner.hpp"

#include <csignal>
#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <mutex>

#include "base/error.hpp"
#include "outcome/result.hpp"
#include "storage/files.hpp"
#include "support/fake_hypervisor.hpp"
#include "support/scratch_folder.hpp"
#include "wire/frame.hpp"

namespace kmodtest::run {
namespace {

using base::Task;
using judge::Outcome;
using support::ScratchFolder;
namespace asio = base::asio;

std::shared_ptr<plan::Case> make_case(const std::string &id) {
  auto test_case = std::make_shared<plan::Case>();
  test_case->plan_name = "plan";
  test_case->id = id;
  test_case->timeout = std::chrono::seconds(60);
  plan::Step sleep;
  sleep.key = "sleep";
  sleep.guest = wire::Step{wire::Sleep{wire::Microseconds{1}}, std::chrono::seconds(1), {}, "sleep"};
  test_case->steps.push_back(sleep);
  return test_case;
}

Prepared prepare_case(const plan::Case &test_case) {
  Prepared prepared;
  prepared.kernel.release = "6.1.0-test";
  prepared.files.push_back({"/tmp/modules/m.ko", std::make_shared<const std::string>("module")});
  for (const auto &step : test_case.steps) prepared.program.steps.push_back(*step.guest);
  return prepared;
}

Task<> write_report(base::UnixSocket &socket, wire::AgentMessage report, std::uint32_t id) {
  const std::string bytes = wire::encode(report, id);
  const auto buffer = asio::buffer(bytes);
  auto token = asio::use_awaitable;
  co_await asio::async_write(socket, buffer, token);
}

wire::LogLines marker(std::uint64_t sequence, const std::string &text) {
  return {{{sequence, 6, 1, wire::Microseconds{1000 * static_cast<long>(sequence)}, "", "kmodtest: " + text}}, 0};
}

/// The last thing that the agent of a test does before it is silent.
enum class Plays { everything, only_ready, nothing, oops, flood };

Task<> play(base::UnixSocket socket, Plays plays) {
  wire::FrameDecoder decoder;
  std::array<char, 4096> chunk;
  if (plays != Plays::nothing) {
    wire::Info info;
    info.agent.protocol = wire::kProtocolVersion;
    wire::AgentMessage ready{info};
    co_await write_report(socket, std::move(ready), 0);
  }
  while (true) {
    boost::system::error_code error;
    const auto buffer = asio::buffer(chunk);
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const std::size_t size = co_await socket.async_read_some(buffer, token);
    if (error) co_return;
    decoder.feed(std::string_view(chunk.data(), size));
    while (auto frame = decoder.next()) {
      if (plays == Plays::nothing) continue;
      const auto request = wire::decode_request(*frame, nullptr);
      std::vector<wire::AgentMessage> answers;
      if (plays == Plays::only_ready) {
        continue;
      } else if (const auto *push = std::get_if<wire::Push>(&*request)) {
        answers.emplace_back(wire::Pushed{push->path, push->data.size(), ""});
      } else if (std::holds_alternative<wire::Run>(*request)) {
        answers = {marker(1, "start"), wire::Baseline{}, marker(2, "step 1: sleep"), wire::StepStarted{0, {}}};
        if (plays == Plays::oops) {
          wire::KernelLogLine line{
              3, 0, 0, wire::Microseconds{3000}, "", "BUG: kernel NULL pointer dereference, address: 0000000000000000"};
          answers.emplace_back(wire::LogLines{{line}, 0});
        } else if (plays == Plays::flood) {
          answers.emplace_back(wire::LogLines{{}, 0, 19'995});
          answers.emplace_back(wire::LogLines{{}, 0, 10});
          answers.emplace_back(wire::LogLines{{}, 0, 100'000});
        } else {
          answers.emplace_back(wire::StepEnded{0, wire::Microseconds{5}, wire::StepResult::held, 3, ""});
          answers.emplace_back(wire::AfterUnload{});
          answers.emplace_back(wire::ProgramEnded{wire::Microseconds{9}, 1, false, false, ""});
        }
      }
      for (const auto &answer : answers) {
        wire::AgentMessage report = answer;
        co_await write_report(socket, std::move(report), frame->id);
      }
    }
  }
}

/// Plays these one guest after the other, and the last one in all later guests.
support::FakeAgent agent_that(std::vector<Plays> plays) {
  auto turn = std::make_shared<std::size_t>(0);
  return [plays, turn](base::UnixSocket socket) {
    const Plays now = plays[std::min((*turn)++, plays.size() - 1)];
    return play(std::move(socket), now);
  };
}

/// Keeps the events.
class Recorder : public outcome::Listener {
 public:
  void on(const outcome::Event &event) override {
    if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) {
      cases.push_back(*finished);
      if (fail_on_case) throw base::Error(base::Code::defect, "the report cannot be written");
    }
    if (const auto *finished = std::get_if<outcome::RunFinished>(&event)) run = *finished;
    if (const auto *started = std::get_if<outcome::RunStarted>(&event)) start = *started;
    if (const auto *again = std::get_if<outcome::CaseRetried>(&event)) retried.push_back(*again);
    if (const auto *notice = std::get_if<outcome::Notice>(&event)) notices.push_back(notice->text);
    if (const auto *progress = std::get_if<outcome::CaseProgress>(&event)) {
      progressed.push_back(progress->what);
      if (on_progress) on_progress(progress->what);
    }
  }
  std::vector<outcome::CaseFinished> cases;
  std::optional<outcome::RunFinished> run;
  std::vector<std::string> progressed;
  std::function<void(const std::string &)> on_progress;
  /// Returns "id #repeat" of the cases in the order in which they ended.
  std::vector<std::string> order() const {
    std::vector<std::string> ids;
    for (const auto &finished : cases) ids.push_back(outcome::label(*finished.test_case, finished.repeat));
    return ids;
  }
  std::vector<outcome::CaseRetried> retried;
  std::optional<outcome::RunStarted> start;
  std::vector<std::string> notices;
  bool fail_on_case = false;
};

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    options_.hypervisor.allow_kvm = false;
    options_.limits.boot = std::chrono::milliseconds(200);
    options_.limits.after_report = std::chrono::milliseconds(10);
  }
  RunResult run(const std::vector<std::shared_ptr<const plan::Case>> &cases) {
    Runner runner(options_, {&recorder_});
    OpenHypervisor open = [this](asio::io_context &) {
      auto hypervisor = std::make_unique<support::FakeHypervisor>(agent_that(plays_));
      hypervisor->refuse_to_start(refusal_);
      hypervisor->on_start([this](support::FakeMachine &machine) {
        ++started_;
        if (on_machine_) on_machine_(machine);
      });
      return hypervisor;
    };
    return runner.run(cases, open, prepare_, scratch_.path());
  }
  Outcome outcome(std::size_t index) const { return recorder_.cases.at(index).verdict.outcome; }

  ScratchFolder scratch_;
  RunOptions options_;
  Recorder recorder_;
  std::vector<Plays> plays_ = {Plays::everything};
  std::string refusal_;
  Prepare prepare_ = prepare_case;
  std::function<void(support::FakeMachine &)> on_machine_;
  int started_ = 0;
};

TEST_F(RunnerTest, EveryCaseGetsAGuestOfItsOwnAndPasses) {
  const auto result = run({make_case("a"), make_case("b"), make_case("c")});
  EXPECT_EQ(result.by_outcome[0], 3u);
  for (const auto &finished : recorder_.cases) {
    for (const auto &evidence : finished.verdict.evidence) ADD_FAILURE() << evidence.summary;
  }
  EXPECT_EQ(exit_code(result), ExitCode::all_passed);
  EXPECT_EQ(started_, 3);
  EXPECT_EQ(recorder_.cases.size(), 3u);
  EXPECT_NE(std::find(recorder_.progressed.begin(), recorder_.progressed.end(), "step 1/1: sleep"),
            recorder_.progressed.end());
  ASSERT_TRUE(recorder_.run.has_value());
  EXPECT_FALSE(recorder_.run->interrupted);
}

TEST_F(RunnerTest, WhatACaseNeedsIsMadeWhileAnotherOneRuns) {
  std::promise<void> second_prepared;
  std::shared_future<void> seen = second_prepared.get_future().share();
  std::once_flag once;
  prepare_ = [&](const plan::Case &test_case) {
    if (test_case.id == "b") std::call_once(once, [&] { second_prepared.set_value(); });
    return prepare_case(test_case);
  };
  options_.workers = 1;
  // The only worker is busy with "a" until "b" has been prepared.
  on_machine_ = [&](support::FakeMachine &) {
    EXPECT_EQ(seen.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  };
  const auto other = std::make_shared<plan::Case>(*make_case("b"));
  other->kernel = "another";
  run({make_case("a"), other});
  EXPECT_EQ(recorder_.cases.size(), 2u);
}

TEST_F(RunnerTest, WhatTakesLongIsMadeOnceForAllPointsOfAMatrix) {
  std::mutex mutex;
  std::map<std::string, int> prepared;
  prepare_ = [&](const plan::Case &test_case) {
    const std::lock_guard lock(mutex);
    ++prepared[test_case.id];
    return prepare_case(test_case);
  };
  run({make_case("a"), make_case("b"), make_case("c")});
  // Each for itself; the first case also ahead of its turn, unless the run was over by then.
  EXPECT_LE(prepared["a"], 2);
  EXPECT_EQ(prepared["b"], 1);
  EXPECT_EQ(prepared["c"], 1);
}

TEST_F(RunnerTest, AGuestThatNeverComesUpIsBootedAgainOnceAndErrored) {
  plays_ = {Plays::nothing};
  const auto result = run({make_case("a")});
  EXPECT_EQ(started_, 2);
  EXPECT_EQ(outcome(0), Outcome::errored);
  EXPECT_EQ(exit_code(result), ExitCode::infrastructure);
}

TEST_F(RunnerTest, AGuestThatPanicsAtBootIsNotBootedAgain) {
  plays_ = {Plays::nothing};
  on_machine_ = [](support::FakeMachine &machine) {
    machine.set_console("Kernel panic - not syncing: No working init found.\n");
    machine.change_state(vm::GuestState::crashed);
  };
  run({make_case("a")});
  EXPECT_EQ(started_, 1);
  EXPECT_EQ(outcome(0), Outcome::errored);
}

TEST_F(RunnerTest, AReportInTheLogEndsTheCaseEarly) {
  plays_ = {Plays::oops};
  const auto result = run({make_case("a")});
  EXPECT_EQ(outcome(0), Outcome::crashed);
  EXPECT_EQ(exit_code(result), ExitCode::some_did_not_pass);
}

TEST_F(RunnerTest, AFloodOfTheLogEndsTheCaseAtADefinedPoint) {
  plays_ = {Plays::flood};
  run({make_case("a")});
  EXPECT_EQ(outcome(0), Outcome::failed);
  EXPECT_EQ(recorder_.cases[0].verdict.evidence.at(0).summary.substr(0, 30), "floods the log: 20007 lines wi");
}

TEST_F(RunnerTest, TheMemoryOfAGuestThatCrashedIsKeptWhereThatIsAskedFor) {
  options_.workers = 1;
  options_.vmcore = true;
  options_.artifacts = scratch_.path() / "out";
  plays_ = {Plays::oops, Plays::everything};
  run({make_case("a"), make_case("b")});
  ASSERT_FALSE(recorder_.cases.at(0).vmcore.empty());
  EXPECT_EQ(storage::read_whole_file(recorder_.cases[0].vmcore).substr(0, 8), "dump of ");
  EXPECT_TRUE(recorder_.cases.at(1).vmcore.empty()) << "it passed";
  recorder_.cases.clear();
  EXPECT_TRUE(std::filesystem::is_empty(options_.artifacts)) << "what nobody takes goes with the case";
}

TEST_F(RunnerTest, ADumpThatFailsIsToldAndLeavesNothing) {
  options_.vmcore = true;
  options_.artifacts = scratch_.path() / "out";
  plays_ = {Plays::oops};
  on_machine_ = [](support::FakeMachine &machine) { machine.refuse_to_dump("no space left on device"); };
  run({make_case("a")});
  EXPECT_EQ(outcome(0), Outcome::crashed);
  EXPECT_TRUE(recorder_.cases.at(0).vmcore.empty());
  EXPECT_EQ(recorder_.cases.at(0).vmcore_problem, "no space left on device");
  EXPECT_TRUE(std::filesystem::is_empty(options_.artifacts));
}

TEST_F(RunnerTest, AGuestThatDoesNotStartIsThatCasesError) {
  refusal_ = "cannot allocate memory";
  const auto result = run({make_case("a"), make_case("b")});
  EXPECT_EQ(result.by_outcome[static_cast<std::size_t>(Outcome::errored)], 2u);
  EXPECT_EQ(recorder_.cases[0].verdict.evidence.at(0).summary, "cannot allocate memory");
}

TEST_F(RunnerTest, WhatIsMissingForEveryCaseEndsTheRunWithOneError) {
  prepare_ = [](const plan::Case &) -> Prepared { throw base::Error(base::Code::defect, "no kernel", "fetch one"); };
  EXPECT_THROW(run({make_case("a"), make_case("b")}), base::Error);
  EXPECT_TRUE(recorder_.cases.empty());
  ASSERT_TRUE(recorder_.run.has_value());
  EXPECT_EQ(recorder_.run->not_run, 2u);
}

TEST_F(RunnerTest, AModuleThatDoesNotBuildFailsItsCaseWithTheFirstError) {
  prepare_ = [](const plan::Case &) -> Prepared {
    throw kernel::BuildError("m does not build", "m.c:1: error: no\nmake: failed\n",
                             {.first = "m.c:1: error: no", .lines = {"m.c:1: error: no"}, .more = 2});
  };
  run({make_case("a")});
  EXPECT_EQ(outcome(0), Outcome::failed);
  EXPECT_EQ(recorder_.cases[0].verdict.evidence.at(0).details,
            (std::vector<std::string>{"m.c:1: error: no", "… and 2 further errors"}));
  EXPECT_EQ(recorder_.cases[0].verdict.evidence.at(0).summary, "m does not build: m.c:1: error: no");
  EXPECT_EQ(recorder_.cases[0].build_log, "m.c:1: error: no\nmake: failed\n");
  EXPECT_EQ(recorder_.cases[0].verdict.evidence.at(0).code, base::Code::build_failed);
  EXPECT_EQ(started_, 0);
}

TEST_F(RunnerTest, PreflightFindingsEndACaseBeforeAnythingStarts) {
  prepare_ = [](const plan::Case &test_case) {
    Prepared prepared = prepare_case(test_case);
    prepared.preflight.push_back({{}, "m was built for another kernel", "build it again"});
    return prepared;
  };
  run({make_case("a")});
  EXPECT_EQ(outcome(0), Outcome::failed);
  EXPECT_EQ(started_, 0);
}

TEST_F(RunnerTest, FailFastStartsNothingAfterTheFirstFailure) {
  plays_ = {Plays::oops};
  options_.workers = 1;
  options_.fail_fast = true;
  const auto result = run({make_case("a"), make_case("b"), make_case("c")});
  EXPECT_EQ(recorder_.cases.size(), 1u);
  EXPECT_EQ(result.not_run, 2u);
  EXPECT_EQ(recorder_.notices, (std::vector<std::string>{"2 cases will not be run (--fail-fast)"}));
}

TEST_F(RunnerTest, ACaseThatPassesOnARetryIsFlakyAndNotPassed) {
  plays_ = {Plays::oops, Plays::oops, Plays::everything};
  options_.retries = 3;
  options_.workers = 1;
  options_.artifacts = "out";
  options_.fail_fast = true;
  const auto result = run({make_case("a"), make_case("b")});
  EXPECT_EQ(started_, 4);
  ASSERT_EQ(recorder_.retried.size(), 2u);
  EXPECT_EQ(recorder_.retried[0].attempts, 4);
  EXPECT_EQ(recorder_.retried[0].attempt.attempt, 1);
  EXPECT_EQ(recorder_.retried[0].attempt.verdict.outcome, Outcome::crashed);
  EXPECT_EQ(recorder_.retried[0].attempt.artifacts, "out/a_attempt=1");
  EXPECT_EQ(recorder_.retried[1].attempt.artifacts, "out/a_attempt=2");
  ASSERT_EQ(recorder_.cases.size(), 2u);
  EXPECT_TRUE(recorder_.cases[0].flaky());
  EXPECT_EQ(recorder_.cases[0].attempt, 3);
  EXPECT_EQ(recorder_.cases[0].earlier.size(), 2u);
  EXPECT_EQ(recorder_.cases[0].artifacts, "out/a");
  EXPECT_FALSE(recorder_.cases[1].flaky());
  EXPECT_EQ(result.flaky, 1u);
  EXPECT_EQ(result.by_outcome[0], 1u);
  EXPECT_EQ(recorder_.run->flaky, 1u);
  EXPECT_EQ(recorder_.run->by_outcome[0], 1u);
  EXPECT_EQ(exit_code(result), ExitCode::all_passed);
  EXPECT_EQ(exit_code(result, true), ExitCode::some_did_not_pass);
  EXPECT_NE(std::find(recorder_.progressed.begin(), recorder_.progressed.end(), "attempt 3, booting"),
            recorder_.progressed.end());
}

TEST_F(RunnerTest, ACaseThatNeverPassesIsToldOnceWithItsLastAttempt) {
  plays_ = {Plays::oops};
  options_.retries = 2;
  const auto result = run({make_case("a")});
  EXPECT_EQ(started_, 3);
  EXPECT_EQ(recorder_.retried.size(), 2u);
  ASSERT_EQ(recorder_.cases.size(), 1u);
  EXPECT_EQ(outcome(0), Outcome::crashed);
  EXPECT_FALSE(recorder_.cases[0].flaky());
  EXPECT_EQ(recorder_.cases[0].earlier.size(), 2u);
  EXPECT_EQ(result.by_outcome[static_cast<std::size_t>(Outcome::crashed)], 1u);
  EXPECT_EQ(exit_code(result), ExitCode::some_did_not_pass);
}

TEST_F(RunnerTest, AGuestThatDoesNotStartIsTriedAgain) {
  refusal_ = "cannot allocate memory";
  options_.retries = 1;
  run({make_case("a")});
  EXPECT_EQ(recorder_.retried.size(), 1u);
  EXPECT_EQ(outcome(0), Outcome::errored);
}

TEST_F(RunnerTest, AModuleThatDoesNotBuildIsNotTriedAgain) {
  prepare_ = [](const plan::Case &) -> Prepared { throw kernel::BuildError("m does not build", "m.c:1: error\n", {}); };
  options_.retries = 5;
  run({make_case("a")});
  EXPECT_TRUE(recorder_.retried.empty());
  EXPECT_EQ(outcome(0), Outcome::failed);
}

TEST_F(RunnerTest, PassedAndSkippedCasesAreNotTriedAgain) {
  options_.retries = 5;
  auto skipped = make_case("b");
  skipped->skip = "no such hardware";
  run({make_case("a"), skipped});
  EXPECT_TRUE(recorder_.retried.empty());
  EXPECT_EQ(started_, 1);
}

TEST_F(RunnerTest, FailFastCountsAFlakyCaseWhereFlakyFails) {
  plays_ = {Plays::oops, Plays::everything};
  options_.workers = 1;
  options_.retries = 1;
  options_.fail_fast = true;
  options_.flaky_fails = true;
  const auto result = run({make_case("a"), make_case("b")});
  EXPECT_EQ(recorder_.cases.size(), 1u);
  EXPECT_EQ(result.not_run, 1u);
}

TEST_F(RunnerTest, EachCaseIsRepeated) {
  plays_ = {Plays::everything, Plays::oops, Plays::everything};
  options_.repeats = 2;
  options_.workers = 1;
  options_.artifacts = "out";
  const auto result = run({make_case("a"), make_case("b")});
  EXPECT_EQ(started_, 4);
  EXPECT_EQ(recorder_.start->cases, 2u);
  EXPECT_EQ(recorder_.start->repeats, 2);
  EXPECT_EQ(recorder_.order(), (std::vector<std::string>{"a", "a #2", "b", "b #2"}));
  std::vector<std::size_t> numbers;
  std::vector<std::string> folders;
  for (const auto &finished : recorder_.cases) {
    numbers.push_back(finished.number);
    folders.push_back(finished.artifacts);
  }
  EXPECT_EQ(numbers, (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(folders,
            (std::vector<std::string>{"out/a_repeat=1", "out/a_repeat=2", "out/b_repeat=1", "out/b_repeat=2"}));
  EXPECT_EQ(result.by_outcome[0], 3u);
  EXPECT_EQ(result.by_outcome[static_cast<std::size_t>(Outcome::crashed)], 1u);
}

TEST_F(RunnerTest, CasesOfOneNameHaveFoldersOfTheirOwn) {
  options_.artifacts = "out";
  options_.workers = 1;
  run({make_case("a"), make_case("a")});
  EXPECT_EQ(recorder_.cases[0].artifacts, "out/a");
  EXPECT_EQ(recorder_.cases[1].artifacts, "out/a~2");
}

TEST_F(RunnerTest, AShuffledRunHasTheOrderOfItsSeed) {
  options_.workers = 1;
  options_.shuffle_seed = 42;
  std::vector<std::shared_ptr<const plan::Case>> cases;
  std::vector<std::string> expected;
  for (int number = 0; number < 10; ++number) cases.push_back(make_case(std::to_string(number)));
  for (const std::size_t number : shuffled(10, 42)) expected.push_back(std::to_string(number));
  run(cases);
  EXPECT_EQ(recorder_.order(), expected);
  EXPECT_EQ(recorder_.start->shuffle_seed, 42u);
  for (const auto &finished : recorder_.cases) EXPECT_EQ(std::to_string(finished.number), finished.test_case->id);
}

TEST_F(RunnerTest, ARunAsGivenHasTheOrderOfItsCases) {
  History earlier(scratch_.path() / "history.json");
  const std::vector<std::shared_ptr<const plan::Case>> cases = {make_case("short"), make_case("long"),
                                                                make_case("short")};
  earlier.add(*cases[1], outcome::Seconds(9), Outcome::passed);
  ASSERT_TRUE(earlier.save());
  options_.history = std::make_shared<History>(scratch_.path() / "history.json");
  options_.workers = 1;
  options_.as_given = true;
  run(cases);
  EXPECT_EQ(recorder_.order(), (std::vector<std::string>{"short", "long", "short"}));
}

TEST_F(RunnerTest, TheLongestCaseOfEarlierRunsComesFirstAndThisRunIsRemembered) {
  const auto file = scratch_.path() / "history.json";
  const std::vector<std::shared_ptr<const plan::Case>> cases = {make_case("short"), make_case("long"),
                                                                make_case("new")};
  History earlier(file);
  earlier.add(*cases[0], outcome::Seconds(1), Outcome::passed);
  earlier.add(*cases[1], outcome::Seconds(9), Outcome::passed);
  ASSERT_TRUE(earlier.save());
  options_.history = std::make_shared<History>(file);
  options_.workers = 1;
  run(cases);
  EXPECT_EQ(recorder_.order(), (std::vector<std::string>{"new", "long", "short"}));
  const History later(file);
  for (const auto &test_case : cases) EXPECT_NE(later.find(*test_case), nullptr) << test_case->id;
  EXPECT_EQ(later.find(*cases[1])->outcomes, (std::vector<judge::Outcome>(2, judge::Outcome::passed)));
  EXPECT_LT(later.find(*cases[1])->seconds.at(1), 9);
  for (const auto &finished : recorder_.cases) {
    const bool known = finished.test_case->id != "new";
    EXPECT_EQ(finished.past.outcomes, std::vector<judge::Outcome>(known ? 1 : 0, judge::Outcome::passed))
        << finished.test_case->id;
  }
}

TEST_F(RunnerTest, TheHistoryLeavesBuildingOutAndCasesWithoutAGuestToo) {
  const auto file = scratch_.path() / "history.json";
  options_.history = std::make_shared<History>(file);
  auto skipped = make_case("b");
  skipped->skip = "no such hardware";
  const auto a = make_case("a");
  run({a, skipped});
  const History later(file);
  EXPECT_EQ(later.find(*skipped), nullptr);
  ASSERT_NE(later.find(*a), nullptr);
  const auto &finished = recorder_.cases[0].test_case == a ? recorder_.cases[0] : recorder_.cases[1];
  EXPECT_EQ(later.find(*a)->seconds.at(0), (finished.took - finished.timings.build).count());
}

TEST_F(RunnerTest, ARunThatMayNotLearnLeavesTheHistoryAlone) {
  const auto file = scratch_.path() / "history.json";
  options_.history = std::make_shared<History>(file);
  options_.learn = false;
  run({make_case("a")});
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(RunnerTest, AnInterruptedRunRemembersWhatHadEnded) {
  const auto file = scratch_.path() / "history.json";
  options_.history = std::make_shared<History>(file);
  options_.workers = 1;
  plays_ = {Plays::everything, Plays::only_ready};
  int pushes = 0;
  recorder_.on_progress = [&pushes](const std::string &what) {
    if (what.rfind("pushing", 0) == 0 && ++pushes == 2) ::raise(SIGINT);
  };
  const auto a = make_case("a");
  const auto b = make_case("b");
  EXPECT_TRUE(run({a, b}).interrupted);
  EXPECT_NE(History(file).find(*a), nullptr);
  EXPECT_EQ(History(file).find(*b), nullptr);
}

TEST_F(RunnerTest, NoCasesAreARunThatPassed) {
  options_.notices = {"shard 5/5 has none"};
  const auto result = run({});
  EXPECT_EQ(exit_code(result), ExitCode::all_passed);
  EXPECT_EQ(recorder_.notices, (std::vector<std::string>{"shard 5/5 has none"}));
  ASSERT_TRUE(recorder_.run.has_value());
}

TEST_F(RunnerTest, ASkippedCaseStartsNoGuestAndSaysWhy) {
  auto skipped = make_case("a");
  skipped->skip = "no such hardware";
  const auto result = run({skipped});
  EXPECT_EQ(outcome(0), Outcome::skipped);
  EXPECT_EQ(recorder_.cases[0].verdict.skip_reason, "no such hardware");
  EXPECT_EQ(started_, 0);
  EXPECT_EQ(exit_code(result), ExitCode::all_passed);
}

TEST_F(RunnerTest, ACaseWhoseKernelLacksSomethingIsSkippedWithTheReason) {
  prepare_ = [](const plan::Case &test_case) {
    Prepared prepared = prepare_case(test_case);
    prepared.skip = "needs kasan";
    return prepared;
  };
  const auto result = run({make_case("a")});
  EXPECT_EQ(outcome(0), Outcome::skipped);
  EXPECT_EQ(recorder_.cases[0].verdict.skip_reason, "needs kasan");
  EXPECT_EQ(recorder_.cases[0].kernel_release, "6.1.0-test");
  EXPECT_EQ(started_, 0);
  EXPECT_EQ(exit_code(result), ExitCode::all_passed);
}

TEST_F(RunnerTest, ASignalStopsTheGuestsAndCompletesTheReports) {
  plays_ = {Plays::only_ready};
  options_.workers = 2;
  recorder_.on_progress = [](const std::string &what) {
    if (what.rfind("pushing", 0) == 0) ::raise(SIGINT);
  };
  const auto result = run({make_case("a"), make_case("b"), make_case("c")});
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(exit_code(result), ExitCode::interrupted);
  EXPECT_TRUE(recorder_.cases.empty());
  ASSERT_TRUE(recorder_.run.has_value());
  EXPECT_TRUE(recorder_.run->interrupted);
  EXPECT_EQ(recorder_.run->not_run, 3u);
  ASSERT_EQ(recorder_.notices.size(), 1u);
  EXPECT_TRUE(recorder_.notices[0].starts_with("interrupted: ")) << recorder_.notices[0];
}

TEST_F(RunnerTest, AReportThatCannotBeWrittenEndsTheRunWithItsError) {
  recorder_.fail_on_case = true;
  options_.workers = 1;
  EXPECT_THROW(run({make_case("a"), make_case("b")}), base::Error);
  EXPECT_EQ(started_, 1);
}

TEST(ExitCodes, FailuresOutrankErrors) {
  RunResult result;
  result.by_outcome.assign(7, 0);
  EXPECT_EQ(exit_code(result), ExitCode::all_passed);
  result.by_outcome[static_cast<std::size_t>(Outcome::errored)] = 1;
  EXPECT_EQ(exit_code(result), ExitCode::infrastructure);
  result.by_outcome[static_cast<std::size_t>(Outcome::leaked)] = 1;
  EXPECT_EQ(exit_code(result), ExitCode::some_did_not_pass);
  result.interrupted = true;
  EXPECT_EQ(exit_code(result), ExitCode::interrupted);
}

TEST(CancellationTest, TellsEveryCallbackOnceAndLateOnesAtOnce) {
  Cancellation cancellation;
  int told = 0;
  {
    const Cancellation::Registration gone(cancellation, [&] { told += 100; });
  }
  const Cancellation::Registration registered(cancellation, [&] { ++told; });
  cancellation.cancel();
  cancellation.cancel();
  EXPECT_EQ(told, 1);
  const Cancellation::Registration late(cancellation, [&] { told += 10; });
  EXPECT_EQ(told, 11);
}

/// Two runs with one pool.
class KeptRunnerTest : public RunnerTest {
 protected:
  RunResult run_kept(const std::vector<std::shared_ptr<const plan::Case>> &cases) {
    Runner runner(options_, {&recorder_});
    runner_ = &runner;
    return runner.run(cases, pool_, prepare_);
  }
  int opened_ = 0;
  Runner *runner_ = nullptr;
  GuestPool pool_{{.cache = scratch_.path(), .allow_kvm = false, .keep = true, .slots = 2}, [this](asio::io_context &) {
                    ++opened_;
                    return std::make_unique<support::FakeHypervisor>(agent_that(plays_));
                  }};
};

TEST_F(KeptRunnerTest, TheHypervisorIsOpenedOnce) {
  EXPECT_EQ(run_kept({make_case("a")}).by_outcome[0], 1u);
  EXPECT_EQ(run_kept({make_case("a"), make_case("b")}).by_outcome[0], 2u);
  EXPECT_EQ(opened_, 1);
  pool_.finish(pool_.clear());
}

TEST_F(KeptRunnerTest, ACancelledRunSaysSoAndTheNextOneIsWhole) {
  recorder_.on_progress = [this](const std::string &what) {
    if (what.rfind("pushing", 0) == 0) runner_->cancel();
  };
  const RunResult result = run_kept({make_case("a"), make_case("b")});
  EXPECT_TRUE(result.cancelled);
  EXPECT_FALSE(result.interrupted);
  EXPECT_TRUE(recorder_.run->interrupted);
  EXPECT_TRUE(recorder_.cases.empty());
  recorder_.on_progress = {};
  EXPECT_EQ(run_kept({make_case("a"), make_case("b")}).by_outcome[0], 2u);
  EXPECT_FALSE(recorder_.run->interrupted);
}

TEST_F(KeptRunnerTest, ACaseWhoseGuestIsStillComingUpIsNotRunToItsEndFirst) {
  plays_ = {Plays::only_ready};  // otherwise it would run into its timeout
  recorder_.on_progress = [this](const std::string &what) {
    if (what == "booting") runner_->cancel();
  };
  EXPECT_TRUE(run_kept({make_case("a")}).cancelled);
  EXPECT_EQ(std::find(recorder_.progressed.begin(), recorder_.progressed.end(), "pushing m.ko"),
            recorder_.progressed.end());
}

TEST_F(KeptRunnerTest, ASignalEndsOneRunAndNotTheNext) {
  recorder_.on_progress = [](const std::string &what) {
    if (what.rfind("pushing", 0) == 0) ::raise(SIGINT);
  };
  EXPECT_TRUE(run_kept({make_case("a")}).interrupted);
  recorder_.on_progress = {};
  EXPECT_EQ(run_kept({make_case("a")}).by_outcome[0], 1u);
}

}  // namespace
}  // namespace kmodtest::run
