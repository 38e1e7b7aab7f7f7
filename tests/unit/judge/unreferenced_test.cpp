// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/unreferenced.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "stream.hpp"
#include "wire/kmemleak.hpp"

namespace kmodtest::judge::testing {
namespace {

using Kind = Ending::Kind;

constexpr std::uint64_t kCode = 0xffffffffc0201000, kInit = 0xffffffffc0209000, kCodeSize = 0x4000;

std::string object(std::uint64_t size, const std::string &frame) {
  return fmt::format(
      "unreferenced object 0xffff888004c6e000 (size {}):\n"
      "  comm \"insmod\", pid 87, jiffies 4294892345 (age 10.004s)\n"
      "  backtrace:\n"
      "    [<00000000fc8b4a3c>] kmalloc_trace+0x26/0xc0\n"
      "    [<000000004a5a1e8c>] {}\n"
      "    [<00000000117e33ad>] do_one_initcall+0x5b/0x300\n",
      size, frame);
}

/// A case whose module was loaded and unloaded, after which kmemleak listed this.
class Listed : public Stream {
 public:
  explicit Listed(const std::string &list) {
    begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
    auto record = module_record("ex");
    record.address = kCode;
    record.size = kCodeSize;
    wire::Loaded loaded{index, "ex", 0, 100us, record};
    loaded.sections = {{wire::kInitCode, kInit}};
    add(loaded).end();
    unloaded();
    add(wire::FileRead{index + 1, now, wire::kKmemleakFile, 0, list, false});
  }
};

TEST(Unreferenced, MemoryOfAnInitFunctionIsALeakWithItsPlace) {
  Listed stream(object(128, "0xffffffffc020901c") + object(128, "0xffffffffc020901c"));
  stream.seen.unloaded_code[kInit + 0x1c] = "ex_init+0x1c (ex.c:41)";
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  ASSERT_EQ(verdict.evidence.size(), 1U);
  EXPECT_EQ(verdict.evidence.front().summary,
            "256 bytes from kmalloc at ex_init+0x1c (ex.c:41) are not freed after the unload, and nothing points to "
            "them (2 objects)");
  EXPECT_EQ(plan_hint(verdict.evidence.front()),
            "free it (kfree, kmem_cache_free) where the load fails, and in the exit function; 'checks: {allow: "
            "[\"memory:ex_init\"]}' lets it stay");
  stream.test_case.checks.allow = {"memory:ex_*"};
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed);
}

TEST(Unreferenced, CodeWithoutANameHasItsAddress) {
  Listed stream(object(1, "0xffffffffc0201010"));
  EXPECT_EQ(stream.complete().evidence.at(0).summary,
            "1 byte from kmalloc at 0xffffffffc0201010 [ex] is not freed after the unload, and nothing points to it (1 "
            "object)");
}

TEST(Unreferenced, AnotherModulesMemoryIsNoFinding) {
  for (const char *frame : {"other_init+0x1c/0x40 [other]", "0xffffffffa0000000", "0xffffffffc0205000"}) {
    Listed stream(object(128, frame));
    EXPECT_EQ(stream.complete().outcome, Outcome::passed) << frame;
  }
}

TEST(Unreferenced, WhatAStepOfThePlanReadsIsNotTheLastScan) {
  Listed stream("");
  stream.seen.messages.pop_back();
  stream.add(wire::FileRead{0, stream.now, wire::kKmemleakFile, 0, object(128, "0xffffffffc020901c"), false});
  EXPECT_EQ(stream.complete().outcome, Outcome::passed);
}

TEST(Unreferenced, TheKernelsLineAboutTheLastScanIsNoReport) {
  const std::string line = "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)";
  Listed stream("");
  stream.add(wire::LogLines{{{stream.sequence++, 6, 1, stream.now, "", "kmodtest: kmemleak"}}, 0}).log(line);
  EXPECT_EQ(stream.complete().outcome, Outcome::passed);
  Listed other("");
  other.log(line);
  EXPECT_EQ(other.complete().outcome, Outcome::leaked);
}

}  // namespace
}  // namespace kmodtest::judge::testing
