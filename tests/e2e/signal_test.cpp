// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever ends the controller, at whatever moment, no guest outlives it and no report is half written.
#include <gtest/gtest.h>
#include <signal.h>
#include <thread>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;

/// A run of the plan that outlasts every moment of these tests on a machine of any speed: only the signal ends it.
std::vector<std::string> endless(const std::string &plan, const fs::path &junit) {
  return {"run", source_folder() / "testplans" / plan, "--cpus", "1,2", "-j", "2", "--repeat", "1000", "--junit",
          junit};
}

/// A case takes some seconds: a guest is there at almost every moment.
std::vector<std::string> long_cases(const fs::path &junit) {
  std::vector<std::string> arguments = endless("ex7_2.yaml", junit);
  arguments.insert(arguments.end(), {"--time", "real"});
  return arguments;
}

/// Many short cases: a guest is restored, or started, at almost every moment.
std::vector<std::string> short_cases(const fs::path &junit) {
  return endless("ex7_1.yaml", junit);
}

TEST(Signals, OneInterruptEndsTheRunInOrder) {
  const ScratchFolder scratch;
  const fs::path junit = scratch.path() / "junit.xml";
  Tool tool(long_cases(junit));
  ASSERT_TRUE(tool.wait_for_guest());
  tool.signal(SIGINT);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(0ms));
  EXPECT_NE(ended.out.find("interrupted"), std::string::npos) << ended.out;
  EXPECT_TRUE(fs::is_empty(tool.runtime_folder()) || fs::is_empty(tool.runtime_folder() / "kmodtest"))
      << "the runtime folder was not cleaned";
}

/// Interrupts twice, after a delay that sweeps over starting, booting, pushing and running.
class InterruptTwice : public ::testing::TestWithParam<int> {};

TEST_P(InterruptTwice, LeavesNothingRunningAtAnyMoment) {
  const ScratchFolder scratch;
  const fs::path junit = scratch.path() / "junit.xml";
  Tool tool(long_cases(junit));
  std::this_thread::sleep_for(std::chrono::milliseconds(GetParam()));
  tool.signal(SIGINT);
  std::this_thread::sleep_for(20ms);
  tool.signal(SIGINT);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(2000ms)) << "a QEMU is left";
  if (fs::exists(junit)) {
    EXPECT_NE(read_file(junit).find("</testsuites>"), std::string::npos) << "half a report";
  }
}

TEST_P(InterruptTwice, LeavesNothingRunningBetweenManyCases) {
  const ScratchFolder scratch;
  const fs::path junit = scratch.path() / "junit.xml";
  Tool tool(short_cases(junit));
  std::this_thread::sleep_for(std::chrono::milliseconds(GetParam()));
  tool.signal(SIGINT);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(0ms)) << "a QEMU is left";
}

INSTANTIATE_TEST_SUITE_P(E2e, InterruptTwice, ::testing::Values(5, 60, 200, 450, 900, 1800, 3200, 5000));

class Killed : public ::testing::TestWithParam<int> {
 protected:
  /// Kills the tool a while after it got a guest.
  void kill_in_time(Tool &tool) const {
    ASSERT_TRUE(tool.wait_for_guest());
    std::this_thread::sleep_for(std::chrono::milliseconds(GetParam()));
    tool.signal(SIGKILL);
    const Ended ended = tool.wait(20s);
    EXPECT_EQ(ended.exit_code, 137) << ended.out << ended.err;
    EXPECT_TRUE(tool.guests_gone(3000ms)) << "a QEMU is left";
  }
  const ScratchFolder scratch_;
  const fs::path junit_ = scratch_.path() / "junit.xml";
};

TEST_P(Killed, NoGuestSurvivesTheController) {
  Tool tool(long_cases(junit_));
  kill_in_time(tool);
  EXPECT_FALSE(fs::exists(junit_));
}

TEST_P(Killed, NoGuestSurvivesBetweenManyCases) {
  Tool tool(short_cases(junit_));
  kill_in_time(tool);
}

INSTANTIATE_TEST_SUITE_P(E2e, Killed, ::testing::Values(0, 100, 1500, 4000));

/// libvirt probes a QEMU that it does not know, and the probe's QEMU is a daemon.
class KilledWhileProbing : public ::testing::TestWithParam<int> {
 protected:
  const BorrowedCache cache_;
};

TEST_P(KilledWhileProbing, NoQemuSurvivesTheController) {
  Tool tool(cache_.arguments(), cache_.environment());
  ASSERT_TRUE(tool.wait_for_guest());
  const std::vector<pid_t> first = tool.guests();
  std::string seen;
  for (const pid_t pid : first) seen += read_file(fs::path("/proc") / std::to_string(pid) / "cmdline");
  EXPECT_NE(seen.find("none,accel="), std::string::npos) << "this is no probe: " << seen;
  std::this_thread::sleep_for(std::chrono::milliseconds(GetParam()));
  tool.signal(SIGKILL);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 137) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(3000ms)) << "a QEMU is left";
}

// From the wrapper's start over the daemon's start and libvirt's questions to the first guest.
INSTANTIATE_TEST_SUITE_P(E2e, KilledWhileProbing, ::testing::Values(0, 20, 40, 70, 110, 160, 250, 400, 600, 900));

TEST(Signals, TheNextRunSweepsWhatAKilledOneLeft) {
  const ScratchFolder scratch;
  const ScratchFolder runtime;
  Tool::Environment environment = {{"KMODTEST_RUNTIME", runtime.path()}};
  Tool killed(long_cases(scratch.path() / "junit.xml"), environment);
  std::this_thread::sleep_for(2s);
  killed.signal(SIGKILL);
  killed.wait(20s);
  const Ended ended = Tool({"run", source_folder() / "testplans/ex7_1.yaml", "--cpus", "1"}, environment).wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  const fs::path roots = runtime.path() / "kmodtest";
  EXPECT_TRUE(!fs::exists(roots) || fs::is_empty(roots)) << "a stale folder is left";
}

}  // namespace
}  // namespace kmodtest::e2e
