// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/needs.hpp"

#include <gtest/gtest.h>
#include <utility>

#include "run/prepare/prepare.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::run {
namespace {

using support::ScratchFolder;

class Needs : public ::testing::Test {
 protected:
  Needs() {
    kernel_.name = "debian-6.1-cloud";
    kernel_.release = "6.1.0-test";
    kernel_.image = folder_.path() / "vmlinuz-6.1.0-test";
  }

  std::optional<std::string> unmet(const std::string &config, const std::vector<plan::Need> &needs) {
    folder_.write("config-6.1.0-test", config);
    return unmet_needs(needs, kernel_);
  }

  ScratchFolder folder_;
  kernel::Kernel kernel_;
};

TEST_F(Needs, AreMetByWhatIsSetAndByModules) {
  EXPECT_EQ(unmet("CONFIG_KASAN=y\nCONFIG_LOOP=m\n", {{"kasan", "CONFIG_KASAN"}, {"CONFIG_LOOP", "CONFIG_LOOP"}}),
            std::nullopt);
}

TEST_F(Needs, NameWhatIsMissing) {
  EXPECT_EQ(unmet("# CONFIG_KASAN is not set\n", {{"kasan", "CONFIG_KASAN"}}),
            "needs kasan, which the kernel debian-6.1-cloud does not have (CONFIG_KASAN is not set)");
  EXPECT_EQ(unmet("CONFIG_KASAN=y\n",
                  {{"lockdep", "CONFIG_PROVE_LOCKING"}, {"kasan", "CONFIG_KASAN"}, {"CONFIG_NUMA", "CONFIG_NUMA"}}),
            "needs lockdep, CONFIG_NUMA, which the kernel debian-6.1-cloud does not have (CONFIG_PROVE_LOCKING "
            "is not set, CONFIG_NUMA is not set)");
}

TEST_F(Needs, CanBeThatAnOptionIsAbsent) {
  const std::vector<plan::Need> without = {{"CONFIG_PROVE_LOCKING=n", "CONFIG_PROVE_LOCKING=n"}};
  EXPECT_EQ(unmet("# CONFIG_PROVE_LOCKING is not set\n", without), std::nullopt);
  EXPECT_EQ(unmet("CONFIG_SMP=y\n", without), std::nullopt);
  EXPECT_EQ(unmet("CONFIG_PROVE_LOCKING=y\n", without),
            "needs CONFIG_PROVE_LOCKING=n, which the kernel debian-6.1-cloud does not have (CONFIG_PROVE_LOCKING is "
            "set)");
}

TEST_F(Needs, AreNotTakenToBeMetWhereNothingIsKnown) {
  EXPECT_EQ(unmet_needs({{"kasan", "CONFIG_KASAN"}}, kernel_),
            "needs kasan, and it is not known whether the kernel debian-6.1-cloud has it (no config-6.1.0-test next to "
            "its image)");
  EXPECT_EQ(unmet_needs({}, kernel_), std::nullopt);
}

TEST_F(Needs, AKernelThatChecksItselfIsKnownByItsOptions) {
  EXPECT_FALSE(checks_itself(kernel_)) << "nothing is known";
  const std::pair<const char *, bool> configs[] = {{"CONFIG_KASAN=y\n", true},
                                                   {"CONFIG_KCSAN=y\n", true},
                                                   {"CONFIG_PROVE_LOCKING=y\n", true},
                                                   {"# CONFIG_KASAN is not set\nCONFIG_KFENCE=y\n", false}};
  for (const auto &[config, expected] : configs) {
    folder_.write("config-6.1.0-test", config);
    EXPECT_EQ(checks_itself(kernel_), expected) << config;
  }
}

TEST_F(Needs, AKernelThatCouldMoveItselfDoesNot) {
  const plan::GuestShape shape;
  EXPECT_EQ(guest_spec(shape, kernel_, {.image = kernel_.image, .initramfs = "initramfs"}).append, "nokaslr");
  EXPECT_EQ(guest_spec(shape, kernel_, {.image = "vmlinux", .initramfs = "initramfs"}).append, "");
}

TEST_F(Needs, OnSuchAKernelTheGuestHasRoomForTheChecks) {
  plan::GuestShape shape;
  shape.memory_mib = 256;
  shape.append = "quiet";
  shape.numa = {{.cpus = "0", .memory_mib = 128}, {.cpus = "1", .memory_mib = 128}};
  BootFiles files{.image = "bzImage", .initramfs = "initramfs"};
  EXPECT_EQ(guest_spec(shape, kernel_, files).memory_mib, 256u);
  EXPECT_EQ(guest_spec(shape, kernel_, files).append, "quiet");
  files.checks_itself = true;
  const vm::GuestSpec spec = guest_spec(shape, kernel_, files);
  EXPECT_EQ(spec.memory_mib, 512u);
  EXPECT_EQ(spec.append, "quiet log_buf_len=4M sysctl.kernel.watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=61");
  ASSERT_EQ(spec.numa.size(), 2u);
  EXPECT_EQ(spec.numa[1].memory_mib, 256u);
  shape.append = "log_buf_len=16M rcupdate.rcu_cpu_stall_timeout=3";
  EXPECT_EQ(guest_spec(shape, kernel_, files).append,
            "log_buf_len=16M rcupdate.rcu_cpu_stall_timeout=3 sysctl.kernel.watchdog_thresh=30");
  shape.memory_mib = 64 * 1024;
  shape.numa.clear();
  EXPECT_EQ(guest_spec(shape, kernel_, files).memory_mib, 64u * 1024) << "the most that a guest can have";
}

}  // namespace
}  // namespace kmodtest::run
