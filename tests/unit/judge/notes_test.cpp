// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <gmock/gmock.h>

#include "stream.hpp"

namespace kmodtest::judge::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Ending::Kind;

constexpr const char *kPermanent =
    "ex has no exit function, so it stays loaded: what an unload would leave was not checked";

Stream &unload_at_the_end(Stream &stream, int error) {
  stream.begin(wire::Unload{.modules = {"ex"}, .added = true}, 10s);
  return stream.add(wire::Unloaded{stream.index, "ex", error, 100us}).end();
}

wire::Inventory with_module() {
  wire::Inventory inventory;
  inventory.modules.emplace_back().name = "ex";
  inventory.new_entries = {"/proc/ex"};
  return inventory;
}

TEST(AddedUnload, OfAModuleWithoutAnExitFunctionIsLeftOut) {
  Stream stream;
  stream.seen.modules[0].init_function = "ex_init";
  stream.load().end();
  unload_at_the_end(stream, EBUSY);
  const Verdict verdict = stream.complete(with_module());
  EXPECT_EQ(verdict.outcome, Outcome::passed);
  EXPECT_THAT(verdict.notes, ElementsAre(kPermanent));
  stream.seen.modules[0].exit_function = "ex_exit";
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::failed);
}

TEST(AddedUnload, AfterACommandThatUnloadsHasNothingToDo) {
  Stream stream;
  stream.load().end();
  wire::RunCommand rmmod;
  rmmod.command = "rmmod ex";
  stream.begin(rmmod, 10s);
  stream.add(wire::CommandEnded{stream.index, 0, "", "", false}).end();
  unload_at_the_end(stream, ENOENT);
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::passed);
  EXPECT_THAT(verdict.notes, ElementsAre("'run' has unloaded ex"));
}

TEST(AddedUnload, OfAModuleThatVanishedFails) {
  Stream stream;
  stream.load().end();
  unload_at_the_end(stream, ENOENT);
  EXPECT_EQ(stream.complete().outcome, Outcome::failed);
}

TEST(Notes, NameSlowCalls) {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  stream.add(wire::Loaded{stream.index, "ex", 0, 5s, {}, 5s}).end();
  stream.begin(wire::Unload{{"ex"}, false, 0}, 30s);
  stream.add(wire::Unloaded{stream.index, "ex", 0, 15s, 1ms}).end();
  EXPECT_THAT(stream.complete().notes,
              ElementsAre("slow: loading ex kept a CPU busy for 5.0 s", "slow: unloading ex took 15.0 s"));
}

TEST(Notes, SayThatAModuleWasLoadedAgainOrNot) {
  for (const bool slow : {false, true}) {
    Stream stream;
    stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
    stream.add(wire::Loaded{stream.index, "ex", 0, 2s, {}, slow ? 2s : 0s}).end();
    stream.unloaded();
    wire::Repeat repeat;
    repeat.times = repeat.counts = 10;
    repeat.added = true;
    stream.begin(repeat, 10s);
    if (!slow) {
      for (int round = 0; round < 10; ++round) {
        stream.add(wire::Loaded{stream.index, "ex", 0, 100us, {}});
        stream.add(wire::Unloaded{stream.index, "ex", 0, 100us});
      }
      stream.add(wire::MemoryCounted{stream.index, stream.now, 10, {}});
    }
    stream.end();
    const Verdict verdict = stream.complete();
    EXPECT_EQ(verdict.outcome, Outcome::passed);
    EXPECT_EQ(verdict.notes.back(),
              slow ? "not loaded again to see whether memory use grows, since it is slow (--load-cycles 10 does)"
                   : "loaded and unloaded 10 more times to see whether memory use grows (--load-cycles)");
  }
}

/// The verdict on a case after which a setting has changed; `step` is a step of its plan.
Verdict with_setting(wire::SettingRecord setting, const wire::StepBody &step = wire::Sleep{}) {
  Stream stream;
  stream.begin(step, 10s);
  if (std::holds_alternative<wire::WriteFile>(step)) {
    stream.add(wire::Written{stream.index, std::get<wire::WriteFile>(step).path, 0});
  }
  stream.end();
  wire::Inventory inventory;
  inventory.settings = {std::move(setting)};
  stream.load().end();
  stream.unloaded(inventory);
  return stream.complete(inventory);
}

TEST(Settings, ThatStayChangedAreLeaked) {
  const auto summary = [](wire::SettingRecord setting) {
    const Verdict verdict = with_setting(std::move(setting));
    EXPECT_EQ(verdict.outcome, Outcome::leaked);
    return verdict.evidence.empty() ? "" : verdict.evidence[0].summary;
  };
  EXPECT_EQ(summary({"/proc/sys/kernel/panic", "0", "30"}), "kernel.panic is '30' after the unload, and was '0'");
  EXPECT_EQ(summary({"/sys/devices/system/cpu/online", "0-3", "0,2"}), "CPUs 1, 3 are offline after the unload");
  EXPECT_EQ(summary({"/sys/devices/system/cpu/online", "0", "0-1"}),
            "/sys/devices/system/cpu/online is '0-1' after the unload, and was '0'");
  EXPECT_EQ(summary({"/proc/sys/kernel/printk", "7\t4\t1\t7", "15\t4\t1\t7"}),
            "the console's log level is 15 after the unload, and was 7");
}

TEST(Settings, TheConsoleThatTheKernelOpensForItsReportIsNot) {
  for (const char *level : {"15", "14"}) {
    Stream stream;
    stream.test_case.checks.reports = false;
    stream.load().log("WARNING: possible circular locking dependency detected", 4).end();
    wire::Inventory inventory;
    inventory.settings = {{"/proc/sys/kernel/printk", "5\t4\t1\t7", std::string(level) + "\t4\t1\t7"}};
    stream.unloaded(inventory);
    EXPECT_EQ(stream.complete(inventory).outcome, level == std::string("15") ? Outcome::passed : Outcome::leaked);
  }
}

TEST(Settings, TheClockThatTheKernelHasMeasuredIsNot) {
  const std::string clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  EXPECT_EQ(with_setting({clock, "tsc-early", "tsc"}).outcome, Outcome::passed);
  EXPECT_EQ(with_setting({clock, "tsc", "hpet"}).outcome, Outcome::leaked);
}

TEST(Settings, ThatTheTestChangesAreNot) {
  EXPECT_EQ(
      with_setting({"/proc/sys/kernel/panic", "0", "30"}, wire::WriteFile{"/proc/sys/kernel/panic", "30", 0}).outcome,
      Outcome::passed);
  EXPECT_EQ(with_setting({"/proc/sys/kernel/panic", "0", "30"}, wire::WriteFile{"/proc/ex", "30", 0}).outcome,
            Outcome::leaked);
}

}  // namespace
}  // namespace kmodtest::judge::testing
