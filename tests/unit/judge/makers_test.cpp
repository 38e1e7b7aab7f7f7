// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/makers.hpp"

#include <gtest/gtest.h>

#include "judge/observations.hpp"
#include "unit/judge/stream.hpp"

namespace kmodtest::judge {
namespace {

using namespace testing;

TEST(CanPrint, AFormatOrAPlainText) {
  for (const auto &[format, name] : std::vector<std::pair<const char *, const char *>>{{"ex", "ex"},
                                                                                       {"ex-%d", "ex-12"},
                                                                                       {"%s", "anything"},
                                                                                       {"%s-%3u/x", "ex-7/x"},
                                                                                       {"ex%%%d", "ex%5"},
                                                                                       {"%pS:%*d", "f+1:3"},
                                                                                       {"%lu_%llx", "1_ff"},
                                                                                       {"a%sb%sc", "a-b-b-c"}}) {
    EXPECT_TRUE(can_print(format, name)) << format << " " << name;
  }
  for (const auto &[format, name] : std::vector<std::pair<const char *, const char *>>{
           {"ex", "exx"}, {"ex-%d", "my ex-12"}, {"%s\n", "ex"}, {"%s-%u/x", "ex/x"}, {"", "ex"}, {"ex%d", "e"}}) {
    EXPECT_FALSE(can_print(format, name)) << format << " " << name;
  }
}

kernel::ModuleInfo module_of(std::vector<std::string> imports, std::vector<std::string> texts) {
  kernel::ModuleInfo info;
  info.name = "ex";
  info.fields = {{"license", "GPL"}};
  info.undefined_symbols = std::move(imports);
  info.texts = std::move(texts);
  return info;
}

wire::ThreadRecord waiting(const std::string &name, std::string waits_in) {
  wire::ThreadRecord record = thread(name);
  record.waits_in = std::move(waits_in);
  return record;
}

TEST(Makers, AThreadIsTheKernelsIfNoModuleCanHaveMadeIt) {
  const auto lazy = waiting("ext4lazyinit", "ext4_lazyinit_thread");
  EXPECT_FALSE(can_have_made_thread({module_of({"_printk"}, {"ready"})}, lazy));
  const std::vector<kernel::ModuleInfo> maker = {module_of({"kthread_create_on_node"}, {"worker-%d", "loop_of_mine"})};
  EXPECT_FALSE(can_have_made_thread(maker, lazy));
  EXPECT_TRUE(can_have_made_thread(maker, waiting("worker-3", "do_something")));
  EXPECT_TRUE(can_have_made_thread(maker, waiting("loop_of_mine", "do_something")));
  EXPECT_TRUE(can_have_made_thread(maker, waiting("ex/1", "do_something")));
  // A name that was put together at run time, in a place where any thread can be.
  EXPECT_TRUE(can_have_made_thread(maker, waiting("put_together", "msleep")));
  EXPECT_TRUE(can_have_made_thread(maker, waiting("put_together", "")));
  EXPECT_TRUE(
      can_have_made_thread({module_of({"request_threaded_irq"}, {"line"})}, waiting("irq/5-line", "irq_thread")));
  // Nothing is known of its imports, or it can call anything.
  EXPECT_TRUE(can_have_made_thread({module_of({}, {})}, lazy));
  EXPECT_TRUE(can_have_made_thread({module_of({"register_kprobe"}, {})}, lazy));
}

TEST(Makers, ACacheAndAWorkqueueLikewise) {
  const std::vector<kernel::ModuleInfo> quiet = {module_of({"_printk"}, {"ex_cache"})};
  const std::vector<kernel::ModuleInfo> maker = {
      module_of({"kmem_cache_create", "alloc_workqueue"}, {"ex_cache", "mine%d"})};
  EXPECT_FALSE(can_have_made_cache(quiet, "ex_cache"));
  EXPECT_TRUE(can_have_made_cache(maker, "ex_cache"));
  EXPECT_FALSE(can_have_made_cache(maker, "bio-200"));
  EXPECT_FALSE(can_have_made_workqueue(quiet, "mine1"));
  EXPECT_TRUE(can_have_made_workqueue(maker, "mine1"));
  EXPECT_FALSE(can_have_made_workqueue(maker, "ext4-rsv-conver"));
}

TEST(Leftovers, WhatTheKernelMadeForItselfIsNone) {
  Stream stream;
  stream.seen.modules = {module_of({"kthread_create_on_node", "kmem_cache_create"}, {"mine"})};
  stream.load().end();
  wire::Inventory inventory;
  inventory.threads = {waiting("ext4lazyinit", "ext4_lazyinit_thread"), waiting("ext4-rsv-conver", "rescuer_thread")};
  inventory.new_entries = {"/sys/kernel/slab/ext4_groupinfo_4k", "/sys/kernel/slab/:0000144"};
  stream.unloaded(inventory);
  EXPECT_EQ(stream.complete(inventory).outcome, Outcome::passed);
  inventory.new_entries.push_back("/sys/kernel/slab/mine");
  EXPECT_EQ(stream.complete(inventory).evidence.at(0).summary, "slab cache 'mine' is left after the unload");
}

}  // namespace
}  // namespace kmodtest::judge
