// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/coverage/loads.hpp"

#include <cerrno>
#include <gtest/gtest.h>

#include "wire/frame.hpp"
#include "wire/kernel_addresses.hpp"
#include "wire/schedule_memory.hpp"

namespace kmodtest::run {
namespace {

using kernel::ModuleCode;
using Part = kernel::ModuleSymbols::Part;

constexpr std::uint64_t kBase = wire::kModulesBegin + 0x10000, kInit = wire::kModulesBegin + 0x30000;

/// Functions at 0 and 0x40 in what is kept, one at 0 in the part for init; instructions of 4 bytes.
ModuleCode code_of_two_functions() {
  ModuleCode code;
  code.kept = {.size = 0x80, .entries = {0, 0x40}, .instructions = {}};
  for (std::uint64_t at = 0; at < code.kept.size; at += 4) code.kept.instructions.push_back(at);
  code.init = {.size = 0x20, .entries = {0}, .instructions = {}};
  for (std::uint64_t at = 0; at < code.init.size; at += 4) code.init.instructions.push_back(at);
  return code;
}

wire::CodeCount count(std::uint64_t address, std::uint32_t reports, std::uint64_t times = 1) {
  return {.low = static_cast<std::uint32_t>(address), .reports = reports, .times = times};
}

class LoadsTest : public testing::Test {
 protected:
  /// Returns how often an instruction was executed; nothing if it was not placed.
  std::optional<std::uint64_t> times(const std::string &module, Part part, std::uint64_t offset) {
    const auto found = placed_[module].find({part, offset});
    return found == placed_[module].end() ? std::nullopt : std::optional(found->second.times);
  }
  void place(const std::vector<wire::CodeCount> &counts, const std::vector<LoadEvent> &events) {
    placed_ = place_counts(counts, events, {{"a", &code_}, {"b", &code_}});
  }

  ModuleCode code_ = code_of_two_functions();
  std::map<std::string, PlacedCounts> placed_;
};

TEST_F(LoadsTest, FindsInitAndTheRest) {
  place({count(kInit, 5), count(kInit + 4, 5), count(kBase + 0x40, 5, 2), count(kBase + 0x44, 20, 3)},
        {{.reports = 10, .module = "a", .address = kBase}});
  EXPECT_EQ(times("a", Part::init, 0), 1);
  EXPECT_EQ(times("a", Part::init, 4), 1);
  EXPECT_EQ(times("a", Part::kept, 0x40), 2) << "called by init";
  EXPECT_EQ(times("a", Part::kept, 0x44), 3);
}

TEST_F(LoadsTest, AddsUpTheLoadsOfOneModule) {
  place({count(kInit, 5), count(kInit + 4, 5), count(kBase, 10), count(kInit + 0x1000, 30), count(kInit + 0x1004, 30),
         count(kBase, 40, 2)},
        {{.reports = 10, .module = "a", .address = kBase},
         {.reports = 20, .module = "a", .loads = false},
         {.reports = 40, .module = "a", .address = kBase}});
  EXPECT_EQ(times("a", Part::init, 0), 2);
  EXPECT_EQ(times("a", Part::kept, 0), 3);
}

TEST_F(LoadsTest, TellsApartWhatWasAtTheSameAddress) {
  place({count(kInit, 0), count(kInit + 4, 0), count(kBase, 15), count(kInit, 20, 7), count(kInit + 4, 20, 7),
         count(kBase, 30, 5)},
        {{.reports = 10, .module = "a", .address = kBase},
         {.reports = 20, .module = "a", .loads = false},
         {.reports = 30, .module = "b", .address = kBase}});
  EXPECT_EQ(times("a", Part::init, 0), 1);
  EXPECT_EQ(times("a", Part::kept, 0), 1);
  EXPECT_EQ(times("b", Part::init, 0), 7);
  EXPECT_EQ(times("b", Part::kept, 0), 5);
}

TEST_F(LoadsTest, AModuleThatIsRefusedIsFoundByItsFunctions) {
  place({count(kInit, 0), count(kInit + 4, 0), count(kBase + 0x40, 0), count(kBase + 0x44, 0)},
        {{.reports = 10, .module = "a"}});
  EXPECT_EQ(times("a", Part::init, 4), 1);
  EXPECT_EQ(times("a", Part::kept, 0x40), 1);
}

TEST_F(LoadsTest, SoIsOneWhoseLoadNeverEnds) {
  place({count(kInit, 50), count(kInit + 4, 50)}, {{.reports = 10, .module = "b", .address = kBase}});
  EXPECT_EQ(times("a", Part::init, 0), 1);
  EXPECT_EQ(times("b", Part::init, 0), std::nullopt);
}

TEST_F(LoadsTest, CodeOfOtherModulesIsNobodys) {
  place({count(kInit + 2, 5), count(kInit + 7, 5), count(kInit + 0x1003, 5), count(kBase - 4, 15)},
        {{.reports = 10, .module = "a", .address = kBase}});
  EXPECT_TRUE(placed_["a"].empty());
}

TEST_F(LoadsTest, EventsHaveTheEndOfTheirMessages) {
  wire::Loaded loaded;
  loaded.module = "my-module";
  loaded.record.emplace().address = kBase;
  wire::Unloaded unloaded, refusal;
  unloaded.module = "my-module";
  refusal.module = "x";
  refusal.error = EBUSY;
  const std::string first = wire::encode(wire::AgentMessage(wire::StepStarted{}), 1);
  const std::string second = wire::encode(wire::AgentMessage(loaded), 1);
  const std::string third = wire::encode(wire::AgentMessage(unloaded), 1);
  const std::string refused = wire::encode(wire::AgentMessage(refusal), 1);
  const auto end = [](std::size_t size) { return static_cast<std::uint32_t>(size); };
  const std::vector<LoadEvent> expected = {
      {.reports = end(first.size() + second.size()), .module = "my_module", .address = kBase},
      {.reports = end(first.size() + second.size() + third.size()), .module = "my_module", .loads = false}};
  EXPECT_EQ(load_events(first + second + third + refused), expected);
  EXPECT_EQ(load_events(first + second + third + refused.substr(0, 9)), expected);
  EXPECT_TRUE(load_events("nonsense, and more than a header of it").empty());
}

}  // namespace
}  // namespace kmodtest::run
