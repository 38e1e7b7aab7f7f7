// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/lack.hpp"

#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

constexpr const char *kModpost =
    "  CC [M]  /tmp/b/usbfoo.o\n"
    "  MODPOST /tmp/b/Module.symvers\n"
    "ERROR: modpost: \"usb_register_driver\" [/tmp/b/usbfoo.ko] undefined!\n"
    "ERROR: modpost: \"usb_deregister\" [/tmp/b/usbfoo.ko] undefined!\n"
    "make[1]: *** [scripts/Makefile.modpost:126: /tmp/b/Module.symvers] Error 1\n";

TEST(Lack, ASymbolThatModpostDoesNotFind) {
  EXPECT_EQ(undefined_symbol(kModpost), "usb_register_driver");
  EXPECT_EQ(lack_in(kernel::BuildError("usbfoo does not build", kModpost, {}), "debian-6.1-cloud"),
            "the kernel debian-6.1-cloud does not export usb_register_driver");
}

TEST(Lack, AnErrorInTheSourceIsNone) {
  const kernel::BuildError error("foo does not build", "foo.c:3:1: error: expected ';' before '}' token\n", {});
  EXPECT_FALSE(lack_in(error, "debian-6.1-cloud").has_value());
}

TEST(Lack, AModuleThatTheKernelDoesNotHave) {
  const base::UsageError error(base::Code::no_kernel_module, "the kernel has no module 'usbhid'");
  EXPECT_EQ(lack_in(error, "k"), "the kernel has no module 'usbhid'");
  EXPECT_FALSE(lack_in(base::Error(base::Code::disk_full, "the disk is full"), "k").has_value());
}

TEST(Lack, OnlySymbolsThatNoModuleOfTheKernelHas) {
  EXPECT_FALSE(lack_in(std::vector<kernel::PreflightFinding>{}).has_value());
  EXPECT_FALSE(lack_in({{.code = base::Code::symbol_of_unloaded_module, .message = "m", .hint = ""}}).has_value());
  EXPECT_EQ(lack_in({{.code = base::Code::missing_symbol, .message = "m needs x", .hint = ""}}), "m needs x");
}

}  // namespace
}  // namespace kmodtest::run
