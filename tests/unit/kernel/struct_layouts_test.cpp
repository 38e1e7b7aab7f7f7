// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/struct_layouts.hpp"

#include <gtest/gtest.h>

#include "support/btf_writer.hpp"

namespace kmodtest::kernel {
namespace {

/// Returns struct task { long state; union { int pid; int tid; }; thread_t thread; }, thread_t being struct { long bp,
/// sp; }.
std::string sample_btf() {
  support::BtfWriter btf;
  const auto number = btf.integer("long", 8);
  const auto small = btf.integer("int", 4);
  const auto thread = btf.structure("thread_struct", 16, {{"bp", number, 0}, {"sp", number, 8}});
  const auto named = btf.type_of("thread_t", thread);
  const auto ids = btf.structure("", 4, {{"pid", small, 0}, {"tid", small, 0}}, true);
  btf.pointer(thread);
  btf.structure("task", 32, {{"state", number, 0}, {"", ids, 8}, {"thread", named, 16}});
  return btf.finish();
}

TEST(StructLayouts, KnowsWhereMembersLie) {
  const StructLayouts layouts(sample_btf());
  EXPECT_EQ(layouts.offset_of("task", "state"), 0u);
  EXPECT_EQ(layouts.offset_of("task", "pid"), 8u);
  EXPECT_EQ(layouts.offset_of("task", "tid"), 8u);
  EXPECT_EQ(layouts.offset_of("task", "thread.sp"), 24u);
  EXPECT_EQ(layouts.offset_of("thread_struct", "sp"), 8u);
  EXPECT_EQ(layouts.size_of("task"), 32u);
}

TEST(StructLayouts, KnowsNothingOfWhatIsNotThere) {
  const StructLayouts layouts(sample_btf());
  EXPECT_EQ(layouts.offset_of("task", "comm"), std::nullopt);
  EXPECT_EQ(layouts.offset_of("task", "state.pid"), std::nullopt);
  EXPECT_EQ(layouts.offset_of("mutex", "owner"), std::nullopt);
  EXPECT_EQ(layouts.size_of("mutex"), std::nullopt);
  EXPECT_EQ(StructLayouts().offset_of("task", "state"), std::nullopt);
}

TEST(StructLayouts, BearsAnyBytes) {
  const std::string whole = sample_btf();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const StructLayouts cut(whole.substr(0, size));
    cut.offset_of("task", "thread.sp");
  }
  std::string loop = whole;
  loop.assign(loop.size(), '\x08');
  EXPECT_EQ(StructLayouts(loop).offset_of("task", "state"), std::nullopt);
}

TEST(StructLayouts, OfAStructThatContainsItselfEnd) {
  support::BtfWriter btf;
  std::vector<support::BtfWriter::Member> itself(200, {"", 1, 0});
  btf.structure("", 8, itself);
  btf.structure("task", 8, {{"", 1, 0}, {"pid", 2, 0}});
  EXPECT_EQ(StructLayouts(btf.finish()).offset_of("task", "state"), std::nullopt);
}

}  // namespace
}  // namespace kmodtest::kernel
