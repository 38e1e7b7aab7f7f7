// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/pointers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream.hpp"

namespace kmodtest::judge::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kAt = 0xffffffffc0300000;

PointerLeft pointer(Holder holder, std::string name, std::uint64_t offset = 0) {
  return {.holder = holder,
          .name = std::move(name),
          .offset = offset,
          .address = 0xffff888001000000 + offset,
          .module = "ex",
          .value = kAt + 0x2010,
          .base = kAt,
          .target = "my_fs+0x10"};
}

/// Returns the verdict on a module that was loaded and unloaded, and to which these still point.
Verdict verdict_on(std::vector<PointerLeft> pointers, const plan::Checks &checks = {},
                   std::optional<kernel::OpenCall> open_call = {}) {
  Stream stream;
  stream.test_case.checks = checks;
  if (open_call) stream.seen.open_calls.emplace("ex", *open_call);
  stream.seen.pointers.found = std::move(pointers);
  stream.load().end();
  stream.unloaded();
  return stream.complete();
}

TEST(Pointers, AVariableOfTheKernelThatPointsToTheModuleLeaks) {
  const Verdict verdict = verdict_on({pointer(Holder::variable, "file_systems")});
  ASSERT_EQ(verdict.outcome, Outcome::leaked);
  const Evidence &evidence = verdict.evidence.front();
  EXPECT_EQ(evidence.summary, "file_systems (kernel data) still points to my_fs+0x10 [ex]");
  EXPECT_EQ(evidence.hint, "the exit function has to call unregister_filesystem()");
  EXPECT_EQ(evidence.step, 1u) << "the unload";
  EXPECT_THAT(plan_hint(evidence), HasSubstr("pointer:file_systems"));
}

TEST(Pointers, TheKernelsOwnDataIsNamedBeforeObjects) {
  const Verdict verdict =
      verdict_on({pointer(Holder::object, "kmalloc-64", 8), pointer(Holder::per_cpu_variable, "timer_bases", 0x48),
                  pointer(Holder::variable, "key_types_list", 8)});
  ASSERT_EQ(verdict.outcome, Outcome::leaked);
  EXPECT_EQ(verdict.evidence.front().seen,
            "key_types_list (kernel data) still points to my_fs+0x10 [ex]\n"
            "timer_bases+0x48 (kernel data of each CPU) still points to my_fs+0x10 [ex]\n"
            "an allocated object of kmalloc-64 (at 0x8) still points to my_fs+0x10 [ex]");
}

TEST(Pointers, TheHeadOfAListIsNamedBeforeTheEntryNextToIt) {
  const Verdict verdict = verdict_on(
      {pointer(Holder::variable, "key_type_fscrypt_provisioning", 0xa0), pointer(Holder::variable, "key_types_list")});
  EXPECT_EQ(verdict.evidence.front().summary, "key_types_list (kernel data) still points to my_fs+0x10 [ex]");
}

TEST(Pointers, RemaindersAreNoAccusation) {
  EXPECT_EQ(verdict_on({pointer(Holder::freed_object, "kmalloc-64"), pointer(Holder::uncleared_object, "kmalloc-64"),
                        pointer(Holder::variable, "cur_orc_ip_table"), pointer(Holder::unknown, ""),
                        pointer(Holder::per_cpu_variable, "irq_stack_backing_store", 0x39b0),
                        pointer(Holder::variable, "init_stack", 16), pointer(Holder::variable, "mod_tree", 16),
                        pointer(Holder::object, "vmap_area"), pointer(Holder::object, "kernfs_node_cache"),
                        pointer(Holder::object, "proc_inode_cache")})
                .outcome,
            Outcome::passed);
}

TEST(Pointers, APlanAllowsThemByTheHolder) {
  plan::Checks checks;
  checks.allow = {"pointer:file_*"};
  EXPECT_EQ(verdict_on({pointer(Holder::variable, "file_systems")}, checks).outcome, Outcome::passed);
  EXPECT_EQ(verdict_on({pointer(Holder::variable, "formats")}, checks).outcome, Outcome::leaked);
  checks = {};
  checks.leftovers = false;
  EXPECT_EQ(verdict_on({pointer(Holder::variable, "formats")}, checks).outcome, Outcome::passed);
}

TEST(Pointers, TheHintNamesTheCallThatTheModuleLacks) {
  const auto hint = [](std::optional<kernel::OpenCall> open_call) {
    return verdict_on({pointer(Holder::variable, "netdev_chain")}, {}, std::move(open_call)).evidence.front().hint;
  };
  EXPECT_EQ(hint(kernel::OpenCall{.makes = "misc_register", .undo = "misc_deregister"}),
            "misc_deregister() is missing: the module calls misc_register()");
  EXPECT_EQ(hint({}), "the exit function has to call unregister_netdevice_notifier()");
}

TEST(Pointers, AFileSystemHangsFromTheOneBeforeIt) {
  EXPECT_EQ(verdict_on({pointer(Holder::variable, "pstore_fs_type", 0x38)}).evidence.front().hint,
            "the exit function has to call unregister_filesystem()");
}

TEST(Pointers, OfAHolderThatIsNotKnownTheHintNamesNoCall) {
  EXPECT_EQ(verdict_on({pointer(Holder::object, "kmalloc-64")}).evidence.front().hint,
            "the exit function has to take back what was registered");
}

TEST(Pointers, OnlyModulesThatAreUnloadedAreSearchedFor) {
  Stream stream;
  const auto loaded = [&](std::uint64_t address) {
    wire::ModuleRecord record = module_record("ex");
    record.address = address;
    stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
    stream.add(wire::Loaded{stream.index, "ex", 0, 100us, record}).end();
  };
  loaded(kAt);
  EXPECT_TRUE(stream.seen.unloaded().empty());
  stream.unloaded();
  ASSERT_EQ(stream.seen.unloaded().size(), 1u);
  EXPECT_EQ(stream.seen.unloaded().front().address, kAt);
  loaded(kAt);
  EXPECT_TRUE(stream.seen.unloaded().empty());
  stream.unloaded();
  loaded(kAt + 0x10000);
  stream.unloaded();
  EXPECT_EQ(stream.seen.unloaded().size(), 2u) << "each place once";
}

TEST(Pointers, SectionsAreSearchedForWhereTheyWere) {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  stream.add(wire::Loaded{stream.index, "ex", 0, 100us, module_record("ex"), {}, {{".data", kAt}, {".text", 8 * kAt}}});
  stream.end();
  stream.unloaded();
  const auto gone = stream.seen.unloaded();
  ASSERT_EQ(gone.size(), 2u);
  EXPECT_EQ(gone[0], (observe::ModuleRange{.name = "ex", .address = kAt, .size = 0, .section = ".data"}));
  EXPECT_EQ(gone[1].section, ".text");
}

TEST(Pointers, ACommandCanUnloadAModule) {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  stream.add(wire::Loaded{stream.index, "ex", 0, 100us, module_record("ex")}).end();
  stream.add(wire::AfterUnload{stream.index, {}});
  EXPECT_EQ(stream.seen.unloaded().size(), 1u);
}

}  // namespace
}  // namespace kmodtest::judge::testing
