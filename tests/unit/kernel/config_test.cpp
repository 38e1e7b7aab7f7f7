// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/config.hpp"

#include <gtest/gtest.h>

#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using support::ScratchFolder;

constexpr const char *kText =
    "#\n# Linux/x86 6.1.0 Kernel Configuration\n#\nCONFIG_SMP=y\nCONFIG_LOOP=m\n# CONFIG_KASAN is not set\n"
    "CONFIG_HZ=250\nCONFIG_LOCALVERSION=\"\"\nCONFIG_OFF=n\n";

TEST(KernelConfig, TellsWhatIsSet) {
  const KernelConfig config(kText);
  EXPECT_EQ(config.value("CONFIG_SMP"), "y");
  EXPECT_EQ(config.value("CONFIG_LOOP"), "m");
  EXPECT_EQ(config.value("CONFIG_HZ"), "250");
  EXPECT_EQ(config.value("CONFIG_LOCALVERSION"), "\"\"");
  EXPECT_EQ(config.value("CONFIG_KASAN"), std::nullopt);
  EXPECT_EQ(config.value("CONFIG_OFF"), std::nullopt);
  EXPECT_EQ(config.value("CONFIG_SM"), std::nullopt);
}

TEST(KernelConfig, IsTakenFromTheFirstFileThatIsThere) {
  const ScratchFolder folder;
  Kernel kernel;
  kernel.release = "6.1.0-test";
  kernel.image = folder.path() / "boot/vmlinuz-6.1.0-test";
  kernel.modules_dir = folder.path() / "modules";
  kernel.headers = folder.path() / "headers";
  EXPECT_FALSE(read_kernel_config(kernel).has_value());
  const auto from = [&](const std::string &file, const std::string &value) {
    folder.write(file, "CONFIG_FROM=" + value + "\n");
    return read_kernel_config(kernel).value().value("CONFIG_FROM");
  };
  EXPECT_EQ(from("headers/include/config/auto.conf", "4"), "4");
  EXPECT_EQ(from("headers/.config", "3"), "3");
  EXPECT_EQ(from("modules/config", "2"), "2");
  EXPECT_EQ(from("boot/config-6.1.0-test", "1"), "1");
}

}  // namespace
}  // namespace kmodtest::kernel
