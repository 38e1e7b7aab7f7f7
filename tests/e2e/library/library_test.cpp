// SPDX-License-Identifier: GPL-2.0-or-later

// libkmodtest.so on real guests: the effects of its calls, its guarantees, and its error messages. The modules are
// those of examples/cxx.
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "kmodtest/gtest.hpp"

namespace kmodtest {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const fs::path kTicker = KMODTEST_EXAMPLE "/ticker";
const fs::path kBuggy = KMODTEST_EXAMPLE "/buggy";

std::string read(const fs::path &file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// Spends time of the test, and none of the guest's.
void think() {
  const auto until = std::chrono::steady_clock::now() + 30ms;
  while (std::chrono::steady_clock::now() < until) {
  }
}

/// Returns everything that a guest reports during a conversation, down to the microsecond.
std::string digest_of_a_talk(bool slowly, std::uint64_t seed = 0) {
  GuestSpec spec;
  spec.cpus = 2;
  spec.time = Time::virtual_time;
  spec.seed = seed;
  Guest guest(spec);
  const auto pause = [slowly] {
    if (slowly) think();
  };
  pause();
  guest.load(kTicker, {{"cpu", "1"}, {"period_ms", "7"}});
  pause();
  guest.sleep(1s);
  guest.read("/proc/ticker");
  pause();
  guest.exec("cat /proc/interrupts");
  pause();
  guest.threads();
  const Verdict verdict = guest.finish();
  EXPECT_TRUE(verdict) << verdict.text;
  return verdict.digest;
}

TEST(Library, AGuestStandsStillWhileTheTestThinksAndRepeatsToTheLastBit) {
  const std::string digest = digest_of_a_talk(false);
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_EQ(digest_of_a_talk(true), digest);
  EXPECT_EQ(digest_of_a_talk(true), digest);
  EXPECT_NE(digest_of_a_talk(false, 7), digest) << "another seed is another run";
}

/// Returns the error message of a call that must fail; nothing if it did not fail.
template <class Call>
std::string failure_of(Call call) {
  try {
    call();
  } catch (const Failure &failure) {
    return failure.what();
  }
  return {};
}

TEST(Library, ACrashIsToldAtTheCallThatItCameOf) {
  Guest guest{GuestSpec{}};
  guest.load(kBuggy);
  const std::string text = failure_of([&] { guest.write("/proc/buggy", "1"); });
  EXPECT_THAT(text, HasSubstr("Crashed: NULL pointer dereference in buggy_write"));
  EXPECT_THAT(text, HasSubstr("trace: #0 buggy_write")) << "with its line of source";
  EXPECT_THAT(text, HasSubstr("*counter += 1;"));
  EXPECT_THAT(text, HasSubstr("log of this test:"));
  const std::size_t files = text.find("     files: ");
  ASSERT_NE(files, std::string::npos) << text;
  const fs::path folder = text.substr(files + 12);
  EXPECT_THAT(read(folder / "kmsg.log"), HasSubstr("NULL pointer dereference"));
  EXPECT_THAT(read(folder / "README.txt"), HasSubstr("--gtest_filter"));
  EXPECT_FALSE(fs::exists(folder / "case")) << "there is no plan that could be run from it";
  EXPECT_FALSE(guest.alive());
  EXPECT_THAT(failure_of([&] { guest.exec("true"); }), HasSubstr("the guest is gone"));
  EXPECT_EQ(guest.finish().outcome, Outcome::errored);
}

TEST(Library, WhatDidNotHoldIsToldWithItsLineAndTheNearestThing) {
  Guest guest{GuestSpec{}};
  guest.load(kTicker);
  const std::string text = failure_of([&] { guest.wait_for_log("ticker: started on CPU 5", 200ms); });
  EXPECT_THAT(text, HasSubstr("Failed: 'ticker: started on CPU 5' has not appeared (waited 200 ms)"));
  EXPECT_THAT(text, HasSubstr("library_test.cpp:"));
  EXPECT_THAT(text, HasSubstr("guest.wait_for_log(\"ticker: started on CPU 5\", 200ms)"));
  EXPECT_THAT(text, HasSubstr("ticker: started on CPU 0"));
}

TEST(Library, WhatAModuleLeavesBehindIsToldAtTheEnd) {
  Guest guest{GuestSpec{}};
  guest.load(kBuggy);
  const Verdict verdict = guest.finish();
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  EXPECT_THAT(verdict.text, HasSubstr("/proc/buggy"));
  EXPECT_THAT(verdict.text, HasSubstr("Checks::allow_entries lets one stay")) << "and not what a plan has for it";
  Checks checks;
  checks.allow_entries = {"/proc/buggy"};
  Guest tolerant{GuestSpec{}, checks};
  tolerant.load(kBuggy);
  EXPECT_TRUE(tolerant.finish());
}

TEST(Library, ARefusalThatIsExpectedIsNoFailure) {
  Guest guest{GuestSpec{}};
  EXPECT_EQ(guest.try_load(kTicker, {{"cpu", "63"}}), EINVAL);
  EXPECT_EQ(guest.try_unload("ticker"), ENOENT);
  EXPECT_EQ(guest.try_load(kTicker), 0);
  EXPECT_EQ(guest.try_load(kTicker), EEXIST);
  EXPECT_EQ(guest.try_write("/proc/ticker", "x"), EINVAL);
  EXPECT_TRUE(guest.finish());
}

TEST(Library, ARefusalThatIsNotExpectedIsExplained) {
  Guest guest{GuestSpec{}};
  const std::string text = failure_of([&] { guest.load(kTicker, {{"cpu", "63"}}); });
  EXPECT_THAT(text, HasSubstr("Failed: loading ticker gave EINVAL"));
  EXPECT_THAT(text, HasSubstr("ticker: there is no CPU 63"));
}

TEST(Library, AModuleThatIsNowhereOrDoesNotFitIsNamed) {
  Guest nowhere{GuestSpec{}};
  EXPECT_THAT(failure_of([&] { nowhere.load("no_such.ko"); }),
              testing::AllOf(HasSubstr("there is no module 'no_such.ko' (looked for "), HasSubstr("KMODTEST_MODULES")));
  EXPECT_FALSE(nowhere.alive());
  Guest other{GuestSpec{}};
  EXPECT_THAT(failure_of([&] { other.load(kTicker, {{"cpus", "1"}}); }), HasSubstr("'cpus'"));
}

TEST(Library, EachGuestIsAsItWasWhenItHadJustBooted) {
  {
    Guest guest{GuestSpec{}};
    guest.load(kTicker);
    guest.write("/tmp/mark", "1");
  }
  Guest guest{GuestSpec{}};
  EXPECT_THAT(guest.modules(), Not(HasModule("ticker")));
  EXPECT_THAT(guest.exec("cat /tmp/mark"), Exited(1));
  EXPECT_THAT(guest.log(), Not(Contains(Line("ticker"))));
  EXPECT_TRUE(guest.finish());
}

TEST(Library, CpusGoAndCome) {
  GuestSpec spec;
  spec.cpus = 2;
  Guest guest(spec);
  guest.offline(1);
  EXPECT_EQ(guest.read("/sys/devices/system/cpu/online"), "0");
  guest.online(1);
  EXPECT_EQ(guest.read("/sys/devices/system/cpu/online"), "0-1");
  guest.load(kTicker, {{"cpu", "1"}});
  EXPECT_THAT(guest.wait_for_thread("ticker/1"), BoundTo(1));
  guest.unload(kTicker);
  guest.wait_for_no_thread("ticker/*");
  EXPECT_TRUE(guest.finish());
}

TEST(Library, AGuestThatCannotBeSaysWhy) {
  GuestSpec spec;
  spec.cpus = 3;
  spec.topology = "2x2x1";
  try {
    const Guest guest(spec);
    FAIL() << "a guest";
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("the topology 2x2x1 has 4 CPUs, but the guest 3"));
  }
  spec = {};
  spec.kernel = "no-such-kernel";
  try {
    const Guest guest(spec);
    FAIL() << "a guest";
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("no-such-kernel"));
  }
}

TEST(Library, AProcessHasOneGuestAtATime) {
  const Guest guest{GuestSpec{}};
  EXPECT_THROW(Guest{GuestSpec{}}, Error);
}

/// Runs in a process of its own, started by the test below.
TEST(Child, DISABLED_HasAGuestForEver) {
  Guest guest{GuestSpec{}};
  guest.exec("true");
  (void)::write(STDOUT_FILENO, "ready", 5);
  for (;;) ::pause();
}

TEST(Library, ASignalLeavesNothingRunning) {
  std::string runtime = (fs::temp_directory_path() / "kmodtest-XXXXXX").string();
  ASSERT_NE(::mkdtemp(runtime.data()), nullptr);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::setenv("KMODTEST_RUNTIME", runtime.c_str(), 1);
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl("/proc/self/exe", "test_library", "--gtest_also_run_disabled_tests", "--gtest_filter=Child.*",
            "--gtest_brief=1", nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string said;
  std::array<char, 64> chunk{};
  while (said.find("ready") == std::string::npos) {
    const ssize_t size = ::read(ends[0], chunk.data(), chunk.size());
    if (size <= 0) break;
    said.append(chunk.data(), static_cast<std::size_t>(size));
  }
  EXPECT_THAT(said, HasSubstr("ready"));
  ::kill(child, SIGINT);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
  ::close(ends[0]);
  // The guest's folder is removed once its QEMU has ended.
  std::size_t left = 0;
  for (const auto &entry : fs::recursive_directory_iterator(runtime)) left += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(left, 0u);
  fs::remove_all(runtime);
}

}  // namespace
}  // namespace kmodtest
