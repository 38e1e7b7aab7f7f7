// SPDX-License-Identifier: GPL-2.0-or-later
// However and whenever the controller ends, no guest outlives it and no output file is incomplete.
#include <gtest/gtest.h>
#include <signal.h>

#include "e2e/phases.hpp"
#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;

/// A run of a plan that lasts until a signal ends it, on a machine of any speed.
class Endless {
 public:
  explicit Endless(const std::string &plan, const std::vector<std::string> &more = {},
                   const Tool::Environment &environment = {})
      : tool_(arguments(plan, more), environment) {}

  Tool &tool() { return tool_; }
  const fs::path &junit() const { return junit_; }
  bool wait_for(const Phase &phase) const { return e2e::wait_for(phase, {tool_, events_, {}}); }

 private:
  std::vector<std::string> arguments(const std::string &plan, const std::vector<std::string> &more) const {
    std::vector<std::string> words = {"run",      source_folder() / "testplans" / plan,
                                      "--cpus",   "1,2",
                                      "-j",       "2",
                                      "--repeat", "1000",
                                      "--junit",  junit_,
                                      "--json",   events_};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  const ScratchFolder scratch_;
  const fs::path junit_ = scratch_ / "junit.xml";
  const fs::path events_ = scratch_ / "events.jsonl";
  Tool tool_;
};

/// A run whose cases take some seconds: a guest is running at almost every moment.
class LongCases : public Endless {
 public:
  explicit LongCases(const Tool::Environment &environment = {})
      : Endless("ex7_2.yaml", {"--time", "real"}, environment) {}
};

/// A run with many short cases: a guest is being restored, or started, at almost every moment.
class ShortCases : public Endless {
 public:
  ShortCases() : Endless("ex7_1.yaml") {}
};

std::string name_of(const ::testing::TestParamInfo<Phase> &info) {
  return info.param.name;
}

TEST(Signals, OneInterruptEndsTheRunInOrder) {
  LongCases run;
  Tool &tool = run.tool();
  ASSERT_TRUE(tool.wait_for_guest());
  tool.signal(SIGINT);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(0ms));
  EXPECT_NE(ended.out.find("interrupted"), std::string::npos) << ended.out;
  EXPECT_TRUE(fs::is_empty(tool.runtime_folder())) << "the runtime folder was not cleaned";
}

/// Interrupts at a phase of starting, preparing, booting, pushing and running.
class Interrupted : public ::testing::TestWithParam<Phase> {};

TEST_P(Interrupted, TwiceLeavesNothingRunningAtAnyMoment) {
  LongCases run;
  Tool &tool = run.tool();
  ASSERT_TRUE(run.wait_for(GetParam()));
  tool.signal(SIGINT);
  EXPECT_TRUE(wait_until_taken(tool, SIGINT));
  tool.signal(SIGINT);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(2000ms)) << "a QEMU is left";
  if (fs::exists(run.junit())) {
    EXPECT_NE(read_file(run.junit()).find("</testsuites>"), std::string::npos) << "half a report";
  }
}

TEST_P(Interrupted, OnceLeavesNothingRunningBetweenManyCases) {
  ShortCases run;
  Tool &tool = run.tool();
  ASSERT_TRUE(run.wait_for(GetParam()));
  tool.signal(SIGINT);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(0ms)) << "a QEMU is left";
}

INSTANTIATE_TEST_SUITE_P(E2e, Interrupted,
                         ::testing::Values(phase::started(), phase::has_its_folder(),
                                           phase::progress("Prepares", "preparing"), phase::has_a_guest(),
                                           phase::progress("PushesAModule", "pushing "),
                                           phase::progress("RunsAStep", "step 1/"),
                                           phase::progress("WaitsForTheLog", "step 3/"),
                                           phase::finished("HasFinishedACase", 1)),
                         name_of);

/// Kills the tool at a phase after it has got a guest.
class Killed : public ::testing::TestWithParam<Phase> {
 protected:
  static void kill_in_time(Endless &run) {
    Tool &tool = run.tool();
    ASSERT_TRUE(run.wait_for(GetParam()));
    tool.signal(SIGKILL);
    const Ended ended = tool.wait(20s);
    EXPECT_EQ(ended.exit_code, 137) << ended.out << ended.err;
    EXPECT_TRUE(tool.guests_gone(3000ms)) << "a QEMU is left";
  }
};

TEST_P(Killed, NoGuestSurvivesTheController) {
  LongCases run;
  kill_in_time(run);
  EXPECT_FALSE(fs::exists(run.junit()));
}

TEST_P(Killed, NoGuestSurvivesBetweenManyCases) {
  ShortCases run;
  kill_in_time(run);
}

INSTANTIATE_TEST_SUITE_P(E2e, Killed,
                         ::testing::Values(phase::has_a_guest(), phase::progress("PushesAModule", "pushing "),
                                           phase::progress("RunsAStep", "step 2/"),
                                           phase::finished("HasFinishedTwoCases", 2)),
                         name_of);

/// Kills libvirt's probe of an unknown QEMU, whose process is a daemon.
class KilledWhileProbing : public ::testing::TestWithParam<Phase> {
 protected:
  const BorrowedCache cache_;
};

TEST_P(KilledWhileProbing, NoQemuSurvivesTheController) {
  Tool tool(cache_.arguments(), cache_.environment());
  const Running run{tool, {}, cache_.path()};
  ASSERT_TRUE(wait_for(phase::probe_wrapper(), run)) << "there was no probe";
  ASSERT_TRUE(wait_for(GetParam(), run));
  tool.signal(SIGKILL);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 137) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(3000ms)) << "a QEMU is left";
}

// Covers the wrapper's start, the daemon's start, libvirt's questions and the first guest.
INSTANTIATE_TEST_SUITE_P(E2e, KilledWhileProbing,
                         ::testing::Values(phase::probe_wrapper(), phase::probe_runs(), phase::probe_listens(),
                                           phase::probe_has_its_pidfile(), phase::probe_is_known(),
                                           phase::has_a_real_guest()),
                         name_of);

TEST(Signals, TheNextRunSweepsWhatAKilledOneLeft) {
  const ScratchFolder runtime;
  Tool::Environment environment = {{"KMODTEST_RUNTIME", runtime.path()}};
  LongCases killed(environment);
  ASSERT_TRUE(killed.wait_for(phase::progress("RunsAStep", "step 1/")));
  killed.tool().signal(SIGKILL);
  killed.tool().wait(20s);
  ASSERT_FALSE(fs::is_empty(runtime.path())) << "nothing is left to be swept";
  const Ended ended = Tool({"run", source_folder() / "testplans/ex7_1.yaml", "--cpus", "1"}, environment).wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_TRUE(fs::is_empty(runtime.path())) << "a stale folder is left";
}

}  // namespace
}  // namespace kmodtest::e2e
