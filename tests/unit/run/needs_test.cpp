// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/needs.hpp"

#include <gtest/gtest.h>

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
            "needs lockdep, CONFIG_NUMA, which the kernel debian-6.1-cloud does not have (CONFIG_PROVE_LOCKING, "
            "CONFIG_NUMA are not set)");
}

TEST_F(Needs, AreNotTakenToBeMetWhereNothingIsKnown) {
  EXPECT_EQ(unmet_needs({{"kasan", "CONFIG_KASAN"}}, kernel_),
            "needs kasan, and it is not known whether the kernel debian-6.1-cloud has it (no config-6.1.0-test next to "
            "its image)");
  EXPECT_EQ(unmet_needs({}, kernel_), std::nullopt);
}

}  // namespace
}  // namespace kmodtest::run
