// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/turn_length.hpp"

#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

#include "emulator/time_shares.hpp"
#include "emulator/translator_table.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::size_t kCpus = 9;

class Shares : public ::testing::Test {
 protected:
  /// Lets each CPU that runs have one turn, after which it halts, works on, or waits at a PAUSE.
  std::vector<int> round() {
    std::vector<int> among;
    for (std::size_t cpu = 0; cpu < kCpus; ++cpu) {
      if (does[cpu] == 'h') continue;
      among.push_back(shares.begin_turn(cpu, kCpus, [this](std::size_t one) { return does[one] != 'h'; }));
      if (does[cpu] == 'p') others_work = shares.pause(cpu, true);
    }
    return among;
  }

  std::string does = std::string(kCpus, 'h');  // halts, works or pauses
  TimeShares shares;
  bool others_work = false;
};

TEST_F(Shares, TheOnlyCpuThatRunsGetsAllOfTheTime) {
  does[3] = 'w';
  EXPECT_EQ(round(), std::vector<int>{1});
  EXPECT_EQ(round(), std::vector<int>{1});
}

TEST_F(Shares, CpusThatWorkShareTheTime) {
  does = "wwwhhhhhh";
  EXPECT_EQ(round(), (std::vector<int>{3, 3, 3}));
}

TEST_F(Shares, CpusThatWaitLeaveTheTimeToTheOneThatWorks) {
  does = "pppwppppp";
  round();
  EXPECT_EQ(round(), (std::vector<int>{0, 0, 0, 1, 0, 0, 0, 0, 0}));
  EXPECT_TRUE(others_work);
}

TEST_F(Shares, CpusThatAllWaitShareTheTimeAndTheirPausesTakeSome) {
  does = "ppphhhhhh";
  round();
  EXPECT_EQ(round(), (std::vector<int>{3, 3, 3}));
  EXPECT_FALSE(others_work);
}

TEST_F(Shares, ACpuThatHasWaitedWorksAgainAfterATurnWithoutAPause) {
  does = "pphhhhhhh";
  round();
  round();
  does[1] = 'w';
  round();  // nobody knows yet that the second one found what it waits for
  EXPECT_EQ(round(), (std::vector<int>{0, 1}));
}

TEST_F(Shares, NothingIsKnownAfterARestore) {
  does = "ppppppppp";
  round();
  shares.forget();
  EXPECT_EQ(round(), std::vector<int>(kCpus, 9));
}

TEST(TranslatorTable, IsFoundByTheFunctionsInItAndOnlyIfItHasTheKnownLayout) {
  std::array<char, 8> code{};
  const TranslatorFunctions functions{.init = &code[0],
                                      .translate = &code[1],
                                      .interrupt = &code[2],
                                      .execute_interrupt = &code[3],
                                      .execute_halt = &code[4]};
  std::vector<void *> words{nullptr,  &code[0], nullptr, &code[0], &code[1], nullptr, nullptr,
                            &code[5], &code[6], nullptr, &code[2], &code[3], &code[4]};
  EXPECT_EQ(find_enter(words.data(), words.size(), functions), &words[7]);
  EXPECT_EQ(find_enter(words.data(), words.size() - 1, functions), nullptr);
  words.insert(words.begin() + 9, nullptr);  // a version with a further entry
  EXPECT_EQ(find_enter(words.data(), words.size(), functions), nullptr);
}

std::array<std::array<unsigned char, 16>, kCpus> cpus{};
int entered = 0;
std::vector<std::int64_t> prepared;
std::int64_t until_timer = 0;

class FitTurns : public ::testing::Test {
 protected:
  static constexpr std::size_t kHalted = 4;

  void begin() {
    cpus = {};
    entered = 0;
    prepared.clear();
    until_timer = 9'000;
    qemu.halted = kHalted;
    qemu.cpu = [](int index) -> void * {
      return index < static_cast<int>(kCpus) ? cpus[static_cast<std::size_t>(index)].data() : nullptr;
    };
    qemu.has_work = [](void *) { return false; };
    qemu.turn_length = [](int among) { return until_timer / among; };
    qemu.end_turn = [](void *) { prepared.push_back(-1); };
    qemu.prepare_turn = [](void *, std::int64_t instructions) { prepared.push_back(instructions); };
    fit_turns(qemu, static_cast<void *>(&enter));
    forget_turns();
  }

  static void set_halted(std::size_t cpu, unsigned char halted) { cpus[cpu][kHalted] = halted; }

  Qemu qemu{};
  void (*enter)(void *) = [](void *) { ++entered; };
};

TEST_F(FitTurns, PreparesALongerTurnWhereTheOthersHalt) {
  begin();
  for (std::size_t cpu = 1; cpu < kCpus; ++cpu) set_halted(cpu, 1);
  enter(cpus[0].data());
  EXPECT_EQ(entered, 1);
  EXPECT_EQ(prepared, (std::vector<std::int64_t>{-1, 9'000}));
  set_halted(5, 0);
  prepared.clear();
  enter(cpus[0].data());
  enter(cpus[5].data());
  EXPECT_EQ(prepared, (std::vector<std::int64_t>{-1, 4'500, -1, 4'500}));
}

TEST_F(FitTurns, LeavesATurnAloneInWhichATimerIsDue) {
  begin();
  until_timer = 0;
  enter(cpus[0].data());
  EXPECT_EQ(entered, 1);
  EXPECT_TRUE(prepared.empty());
}

TEST_F(FitTurns, APauseTakesNoTimeWhileOthersWork) {
  begin();
  enter(cpus[0].data());
  EXPECT_TRUE(pause_ends_turn(true));
  for (std::size_t cpu = 1; cpu < kCpus; ++cpu) set_halted(cpu, 1);
  enter(cpus[0].data());
  EXPECT_FALSE(pause_ends_turn(true));
}

}  // namespace
}  // namespace kmodtest::emulator
