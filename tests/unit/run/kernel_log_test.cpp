// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/kernel_log.hpp"

#include <gtest/gtest.h>

#include "support/btf_writer.hpp"
#include "support/guest_in_memory.hpp"

namespace kmodtest::run {
namespace {

using namespace std::chrono_literals;
using Address = std::uint64_t;

constexpr Address kPointer = 0xffffffff82000000, kLogRing = kPointer + 0x100;
constexpr Address kDescriptors = kPointer + 0x1000, kInfos = kPointer + 0x2000, kTexts = kPointer + 0x3000;
constexpr std::size_t kRingBits = 3, kTextBits = 8;
constexpr std::uint64_t kCommitted = std::uint64_t{1} << 62, kFinalized = std::uint64_t{2} << 62;

kernel::KernelImage image_with_log(bool has_layouts = true) {
  support::BtfWriter writer;
  const auto number = writer.integer("long", 8);
  const auto small = writer.integer("int", 4);
  const auto place = writer.structure("prb_data_blk_lpos", 16, {{"begin", number, 0}, {"next", number, 8}});
  const auto descriptors = writer.structure("prb_desc_ring", 40,
                                            {{"count_bits", small, 0},
                                             {"descs", number, 8},
                                             {"infos", number, 16},
                                             {"head_id", number, 24},
                                             {"tail_id", number, 32}});
  const auto texts = writer.structure("prb_data_ring", 16, {{"size_bits", small, 0}, {"data", number, 8}});
  writer.structure("printk_ringbuffer", 56, {{"desc_ring", descriptors, 0}, {"text_data_ring", texts, 40}});
  writer.structure("prb_desc", 24, {{"state_var", number, 0}, {"text_blk_lpos", place, 8}});
  if (has_layouts) writer.structure("printk_info", 32, {{"ts_nsec", number, 8}, {"text_len", small, 16}});
  return {kernel::SymbolTable({{kPointer, 'd', "prb"}}), kernel::StructLayouts(writer.finish()), {}};
}

class KernelLog : public ::testing::Test {
 protected:
  KernelLog() {
    guest_.put_value(kPointer, kLogRing);
    guest_.put_value(kLogRing, std::uint32_t{kRingBits});
    guest_.put_value(kLogRing + 8, kDescriptors);
    guest_.put_value(kLogRing + 16, kInfos);
    guest_.put_value(kLogRing + 40, std::uint32_t{kTextBits});
    guest_.put_value(kLogRing + 48, kTexts);
    guest_.put_value(kLogRing + 32, first_);
  }

  /// Adds a message as the kernel would.
  void say(std::chrono::microseconds time, std::string_view text, std::uint64_t state = kFinalized) {
    const std::uint64_t id = next_id_++;
    const std::uint64_t size = std::uint64_t{1} << kTextBits;
    const std::uint64_t bytes = (sizeof id + text.size() + 7) / 8 * 8;
    const std::uint64_t begin = position_;
    const bool wraps = begin / size != (begin + bytes) / size && (begin + bytes) % size != 0;
    const std::uint64_t at = wraps ? 0 : begin % size;
    position_ = wraps ? (begin / size + 1) * size + bytes : begin + bytes;
    guest_.put_value(kTexts + at, id);
    guest_.put(kTexts + at + sizeof id, text);
    const std::uint64_t index = id % (std::uint64_t{1} << kRingBits);
    guest_.put_value(kDescriptors + 24 * index, state | id);
    guest_.put_value(kDescriptors + 24 * index + 8, begin);
    guest_.put_value(kDescriptors + 24 * index + 16, position_);
    guest_.put_value(kInfos + 32 * index + 8, static_cast<std::uint64_t>(time.count()) * 1000);
    guest_.put_value(kInfos + 32 * index + 16, static_cast<std::uint32_t>(text.size()));
    guest_.put_value(kLogRing + 24, id);
    if (id - first_ >= std::uint64_t{1} << kRingBits) guest_.put_value(kLogRing + 32, ++first_);
  }

  std::string log(std::chrono::nanoseconds since = 0s) { return kernel_log(guest_, image_with_log(), since); }

  support::GuestInMemory guest_;
  std::uint64_t first_ = 0, next_id_ = 0, position_ = 0;
};

TEST_F(KernelLog, IsWhatTheConsoleWouldShow) {
  say(5'140'900us, "a module");
  say(14'000'001us, "Oops: 0000\nsecond line", kCommitted);
  EXPECT_EQ(log(), "[    5.140900] a module\n[   14.000001] Oops: 0000\n[   14.000001] second line\n");
}

TEST_F(KernelLog, BeginsWithTheFirstMessageOfItsTime) {
  say(1s, "boot");
  say(14s, "start");
  say(15s, "panic");
  EXPECT_EQ(log(14s), "[   14.000000] start\n[   15.000000] panic\n");
}

TEST_F(KernelLog, HasTheNewestMessagesOfARingThatIsFull) {
  for (int i = 0; i < 50; ++i) say(std::chrono::seconds(i), "message number " + std::to_string(i));
  const std::string last = log(43s);
  EXPECT_TRUE(last.starts_with("[   43.000000] message number 43\n")) << last;
  EXPECT_TRUE(last.ends_with("[   49.000000] message number 49\n")) << last;
}

TEST_F(KernelLog, LeavesOutAMessageThatIsBeingWritten) {
  say(1s, "whole");
  say(2s, "half", 0);
  EXPECT_EQ(log(), "[    1.000000] whole\n");
}

TEST_F(KernelLog, IsEmptyWhereTheKernelHasAnother) {
  say(1s, "message");
  EXPECT_EQ(kernel_log(guest_, image_with_log(false), 0s), "");
  guest_.put_value(kPointer, std::uint64_t{0x1000});
  EXPECT_EQ(log(), "");
}

TEST_F(KernelLog, BearsAnyNumbers) {
  say(1s, "message");
  for (std::uint64_t offset = 0; offset < 56; offset += 8) {
    guest_.put_value(kLogRing + offset, std::uint64_t{0xffff'ffff'ffff'fff8});
    log();
  }
}

}  // namespace
}  // namespace kmodtest::run
