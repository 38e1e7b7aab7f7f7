// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "kernel/kernel.hpp"
#include "kernel/modules/missing_features.hpp"
#include "kernel/modules/module.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using ::testing::ElementsAre;

ModuleInfo module(const std::string &name, std::vector<std::string> needs, std::vector<std::string> exports) {
  ModuleInfo info;
  info.name = name;
  info.undefined_symbols = std::move(needs);
  info.exported_symbols = std::move(exports);
  return info;
}

TEST(LoadingOrder, PutsAModuleAfterThoseThatItNeeds) {
  auto by_name = module("a", {}, {});
  by_name.fields.emplace("depends", "d-lib,crc32c");
  auto softly = module("b", {}, {});
  softly.fields.emplace("softdep", "pre: c post: a");
  EXPECT_THAT(loading_order({by_name, softly, module("c", {"of_d"}, {}), module("d_lib", {}, {"of_d"})}),
              ElementsAre(3, 0, 2, 1));
  EXPECT_THAT(loading_order({module("x", {"printk"}, {}), module("y", {}, {})}), ElementsAre(0, 1));
}

TEST(LoadingOrder, EndsWhereModulesNeedEachOther) {
  EXPECT_THAT(loading_order({module("x", {"of_y"}, {"of_x"}), module("y", {"of_x"}, {"of_y"})}), ElementsAre(1, 0));
}

TEST(LoadingOrder, PutsAModuleAfterThoseThatItCanRequest) {
  auto tests = module("a_test", {}, {});
  tests.texts = {"%s: failed\n", "ecb(magma)"};
  auto cipher = module("magma_generic", {}, {});
  cipher.fields.emplace("alias", "magma");
  EXPECT_THAT(loading_order({tests, cipher}), ElementsAre(1, 0));

  auto core = module("core", {}, {"of_core"});
  core.texts = {"plugin-x"};
  auto plugin = module("plugin", {"of_core"}, {});
  plugin.fields.emplace("alias", "plugin-x");
  EXPECT_THAT(loading_order({core, plugin}), ElementsAre(0, 1)) << "what is needed comes first in any case";
}

class NeededModules : public ::testing::Test {
 protected:
  NeededModules() {
    folder_.write("headers/Module.symvers",
                  "0x1\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n0x2\tcrc_ccitt\tlib/crc-ccitt\tEXPORT_SYMBOL\t\n");
    folder_.write("modules/modules.dep", "kernel/lib/crc-ccitt.ko:\nkernel/fs/fat.ko:\n");
    folder_.write("modules/modules.builtin", "kernel/lib/crc32.ko\n");
    kernel_.headers = folder_.path() / "headers";
    kernel_.modules_dir = folder_.path() / "modules";
    kernel_.name = "k";
  }
  support::ScratchFolder folder_;
  Kernel kernel_;
};

TEST_F(NeededModules, AreThoseThatExportASymbolOrAreNamed) {
  auto mine = module("mine", {"printk", "crc_ccitt", "of_other"}, {});
  mine.fields.emplace("depends", "crc32,fat,other");
  EXPECT_THAT(needed_kernel_modules(mine, kernel_, {mine}), ElementsAre("crc_ccitt", "fat"));
  EXPECT_THAT(needed_kernel_modules(mine, kernel_, {module("other", {}, {"crc_ccitt"})}), ElementsAre("fat"));
  EXPECT_THAT(missing_symbols(mine, kernel_, {}), ElementsAre("of_other"));
  EXPECT_THAT(missing_symbols(mine, kernel_, {module("other", {}, {"of_other"})}), ElementsAre());
}

TEST_F(NeededModules, AMissingSubsystemIsNamed) {
  folder_.write("headers/.config", "CONFIG_HID=y\n");
  const std::vector<std::string> symbols{"usb_register_driver", "__hid_register_driver"};
  EXPECT_EQ(hint_for_missing(symbols, kernel_), "the kernel k was configured without CONFIG_USB");
  EXPECT_EQ(hint_for_missing({"my_function"}, kernel_), "");
  EXPECT_THAT(undefined_symbols("x\nERROR: modpost: \"usb_a\" [/t/x.ko] undefined!\nERROR: modpost: bad\n"),
              ElementsAre("usb_a"));
  EXPECT_THAT(undeclared_functions("x.c:1:2: error: implicit declaration of function 'i2c_get'; did you mean 'x'\n"),
              ElementsAre("i2c_get"));
}

TEST_F(NeededModules, ACollectionIsSearchedAtAnyDepth) {
  folder_.write("set/b/x.ko", "");
  folder_.write("set/a.ko.xz", "");
  folder_.write("set/notes.txt", "");
  const auto found = modules_in_collection(folder_.path() / "set", folder_.path() / "cache");
  EXPECT_THAT(found, ElementsAre(folder_.path() / "set/a.ko.xz", folder_.path() / "set/b/x.ko"));
  EXPECT_EQ(support::error_of([&] { modules_in_collection(folder_.path() / "headers", folder_.path() / "cache"); }),
            (folder_.path() / "headers").string() + " has no kernel module | name one with files that end in .ko");
}

}  // namespace
}  // namespace kmodtest::kernel
