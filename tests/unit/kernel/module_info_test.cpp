// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "elf_module.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/module.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using support::error_of;
using support::ScratchFolder;
using ::testing::ElementsAre;

TEST(ModuleInfo, ReadsFieldsSymbolsAndVersions) {
  const ScratchFolder folder;
  ElfModule module;
  module.modinfo.insert(module.modinfo.end(), {"author=one", "author=two", "parm=cpu:which CPU = where"});
  module.undefined = {"printk", "kthread_stop"};
  module.weak = {"perhaps"};
  module.defined = {"__ksymtab_mine_export", "__ksymtab_strings", "helper"};
  module.versions = {{"printk", 0x92997ed8}, {"module_layout", 1}};
  const auto info = read_module_info(folder.write("other.ko", module.bytes()));
  EXPECT_EQ(info.name, "mine");
  EXPECT_EQ(info.field("license"), "GPL");
  EXPECT_EQ(info.field("author"), "one");
  EXPECT_EQ(info.fields.count("author"), 2U);
  EXPECT_EQ(info.field("parm"), "cpu:which CPU = where");
  EXPECT_EQ(info.field("depends"), std::nullopt);
  EXPECT_THAT(info.undefined_symbols, ElementsAre("kthread_stop", "printk"));
  EXPECT_THAT(info.exported_symbols, ElementsAre("mine_export"));
  EXPECT_EQ(info.symbol_versions.at("printk"), 0x92997ed8U);
  EXPECT_TRUE(info.has_versions);
  EXPECT_FALSE(info.has_signature);
}

TEST(ModuleInfo, HasTheTextsOfItsData) {
  const ScratchFolder folder;
  ElfModule module;
  module.modinfo = {"license=GPL", "\x01\x7fmine-%d", ""};
  module.versions = {{"printk", 0x6864}};  // the checksum is "dh", the name of a module
  EXPECT_THAT(read_module_info(folder.write("mine.ko", module.bytes())).texts, ElementsAre("license=GPL", "mine-%d"));
}

TEST(ModuleInfo, WithoutANameFieldTheFileNamesIt) {
  const ScratchFolder folder;
  ElfModule module;
  module.modinfo = {"license=GPL"};
  const auto info = read_module_info(folder.write("my-mod.ko", module.bytes()));
  EXPECT_EQ(info.name, "my_mod");
  EXPECT_FALSE(info.has_versions);
}

TEST(ModuleInfo, SeesASignature) {
  const ScratchFolder folder;
  const auto bytes = ElfModule().bytes() + "signature ~Module signature appended~\n";
  EXPECT_TRUE(read_module_info(folder.write("a.ko", bytes)).has_signature);
}

TEST(ModuleInfo, SaysWhatIsWrongWithAFile) {
  const ScratchFolder folder;
  const auto file = (folder.path() / "a.ko").string();
  const auto message = [&](const std::string &bytes) {
    folder.write("a.ko", bytes);
    return error_of([&] { read_module_info(file); });
  };
  EXPECT_EQ(error_of([&] { read_module_info(file); }),
            "there is no module " + file + " | correct the path, or build the module first");
  EXPECT_EQ(message(""), file + " is empty | build or copy the module again");
  EXPECT_EQ(message("hello, world"),
            file + " is not a kernel module: it is not an ELF file | give the .ko file that Kbuild made");
  ElfModule arm;
  arm.machine = EM_AARCH64;
  EXPECT_EQ(message(arm.bytes()),
            file + " is a module for another architecture (arm64), not for x86-64 | build it for x86-64");
  ElfModule program;
  program.type = ET_EXEC;
  EXPECT_EQ(message(program.bytes()), file +
                                          " is not a kernel module: it is a program, not a relocatable object | give "
                                          "the .ko file that Kbuild made");
  ElfModule object;
  object.modinfo.clear();
  EXPECT_EQ(message(object.bytes()),
            file + " is not a kernel module: it has no .modinfo | give the .ko file, not one of the .o files");
}

TEST(ModuleInfo, NamesParametersAndTheFunctionsOfInitAndExit) {
  const ScratchFolder folder;
  ElfModule module;
  module.modinfo.emplace_back("parm=cpu:the CPU to run on (int)");
  module.modinfo.emplace_back("parmtype=cpu:int");
  module.modinfo.emplace_back("parmtype=names:array of charp");
  module.defined = {"__param_str_level", "__param_level"};
  module.functions = {{"init_module", 16}, {"mine_worker", 64}, {"mine_init", 16}, {"cleanup_module", 0}};
  const auto info = read_module_info(folder.write("a.ko", module.bytes()));
  EXPECT_THAT(info.parameters, ElementsAre("cpu", "level", "names"));
  EXPECT_EQ(info.init_function, "mine_init");
  EXPECT_EQ(info.exit_function, "cleanup_module");
  module.functions = {};
  EXPECT_EQ(read_module_info(folder.write("b.ko", module.bytes())).init_function, "");
}

TEST(ModuleInfo, EveryTruncationIsAnErrorAndNoneACrash) {
  const ScratchFolder folder;
  ElfModule module;
  module.undefined = {"printk"};
  module.versions = {{"printk", 1}};
  const auto whole = module.bytes();
  for (std::size_t size = sizeof(Elf32_Ehdr); size < whole.size(); ++size) {
    const auto file = folder.write("a.ko", whole.substr(0, size));
    ASSERT_EQ(error_of([&] { read_module_info(file); }),
              file.string() + " is truncated: its sections do not lie within the file | build or copy the module again")
        << size;
  }
}

TEST(ModuleInfo, NoFlippedByteIsACrash) {
  const ScratchFolder folder;
  ElfModule module;
  module.undefined = {"printk"};
  module.versions = {{"printk", 1}};
  auto bytes = module.bytes();
  std::size_t refused = 0;
  for (auto &byte : bytes) {
    const char old = std::exchange(byte, '\xff');
    const auto file = folder.write("a.ko", bytes);
    if (error_of([&] { read_module_info(file); }) != "no error") ++refused;
    byte = old;
  }
  EXPECT_GT(refused, 0U);
}

class Preflight : public ::testing::Test {
 protected:
  Preflight() {
    ElfModule own;
    own.modinfo = {"vermagic=6.1.0 SMP mod_unload modversions "};
    folder_.write("modules/kernel/own.ko", own.bytes());
    folder_.write("headers/Module.symvers",
                  "0x00000001\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"
                  "0x00000002\tkthread_stop\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
                  "0x00000003\tcrypto_thing\tvmlinux\tEXPORT_SYMBOL\tCRYPTO_INTERNAL\n"
                  "0x00000004\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n");
    kernel_.name = "k";
    kernel_.release = "6.1.0";
    kernel_.modules_dir = folder_.path() / "modules";
    kernel_.headers = folder_.path() / "headers";
  }

  std::vector<std::string> findings(const ElfModule &module, const std::vector<ModuleInfo> &together = {}) {
    std::vector<std::string> texts;
    for (const auto &finding : preflight(info(module), kernel_, together)) {
      texts.push_back(finding.message + " | " + finding.hint);
    }
    return texts;
  }
  ModuleInfo info(const ElfModule &module) { return read_module_info(folder_.write("mine.ko", module.bytes())); }

  ScratchFolder folder_;
  Kernel kernel_;
};

TEST_F(Preflight, AModuleThatFits) {
  ElfModule module;
  module.undefined = {"printk", "kthread_stop"};
  module.versions = {{"printk", 1}, {"kthread_stop", 2}, {"module_layout", 4}};
  EXPECT_THAT(findings(module), ElementsAre());
}

TEST_F(Preflight, VermagicOfAnotherKernel) {
  ElfModule module;
  module.modinfo = {"name=mine", "license=GPL", "vermagic=5.10.0 SMP mod_unload modversions "};
  EXPECT_THAT(
      findings(module),
      ElementsAre("mine was built for another kernel: its vermagic is '5.10.0 SMP mod_unload modversions', that "
                  "of k is '6.1.0 SMP mod_unload modversions' | build it against the headers of 6.1.0"));
}

TEST_F(Preflight, WithVersionsTheReleaseOfTheVermagicDoesNotCount) {
  ElfModule module;
  module.modinfo = {"name=mine", "license=GPL", "vermagic=5.10.0 SMP mod_unload modversions "};
  module.undefined = {"printk"};
  module.versions = {{"printk", 1}};
  EXPECT_THAT(findings(module), ElementsAre());
  module.modinfo[2] = "vermagic=5.10.0 SMP preempt mod_unload modversions ";
  EXPECT_THAT(findings(module),
              ElementsAre("mine was built for another kernel: its vermagic is '5.10.0 SMP preempt "
                          "mod_unload modversions', that of k is '6.1.0 SMP mod_unload modversions' | "
                          "build it against the headers of 6.1.0"));
}

TEST_F(Preflight, SymbolsThatTheKernelDoesNotExport) {
  ElfModule module;
  module.undefined = {"kthread_sotp", "printk"};
  EXPECT_THAT(findings(module),
              ElementsAre("mine needs kthread_sotp, which the kernel k does not export | did you mean "
                          "'kthread_stop'?"));
  module.undefined = {"entirely_else"};
  EXPECT_THAT(findings(module), ElementsAre("mine needs entirely_else, which the kernel k does not export | load the "
                                            "module that exports it first, or use what this kernel has"));
  ElfModule other;
  other.defined = {"__ksymtab_entirely_else"};
  const auto before = info(other);
  EXPECT_THAT(findings(module, {before}), ElementsAre());
}

TEST_F(Preflight, SymbolsOfAModuleOfTheKernelThatNobodyLoads) {
  folder_.write("headers/Module.symvers",
                "0x00000001\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"
                "0x00000005\tcrc_ccitt\tlib/crc-ccitt\tEXPORT_SYMBOL\t\n"
                "0x00000006\tcrc_ccitt_false\tlib/crc-ccitt\tEXPORT_SYMBOL\t\n"
                "0x00000007\tvirtio_reset\tdrivers/virtio/virtio\tEXPORT_SYMBOL\t\n");
  ElfModule module;
  module.undefined = {"printk", "crc_ccitt", "crc_ccitt_false", "virtio_reset"};
  EXPECT_THAT(findings(module),
              ElementsAre("mine needs crc_ccitt, crc_ccitt_false, which the kernel's module crc_ccitt exports, but "
                          "nothing loads it | write kernel_modules: [crc_ccitt]"));
  EXPECT_TRUE(preflight(info(module), kernel_, {}, {"crc_ccitt"}).empty());
}

TEST_F(Preflight, ParametersThatTheModuleDoesNotHave) {
  const auto texts = [](const ModuleInfo &module, const std::map<std::string, std::string> &params) {
    std::vector<std::string> all;
    for (const auto &finding : check_parameters(module, params)) all.push_back(finding.message + " | " + finding.hint);
    return all;
  };
  ElfModule module;
  module.modinfo.emplace_back("parmtype=cpu:int");
  module.modinfo.emplace_back("parmtype=period_ms:int");
  const auto mine = info(module);
  EXPECT_THAT(texts(mine, {{"cpu", "1"}, {"period-ms", "2"}, {"dyndbg", "+p"}, {"async_probe", "1"}}), ElementsAre());
  EXPECT_THAT(texts(mine, {{"cpuu", "1"}, {"verbose", "1"}}),
              ElementsAre("mine has no parameter 'cpuu': the kernel would ignore it | did you mean 'cpu'?",
                          "mine has no parameter 'verbose': the kernel would ignore it | it has cpu, period_ms"));
  EXPECT_THAT(texts(info(ElfModule{}), {{"a", "1"}}),
              ElementsAre("mine has no parameter 'a': the kernel would ignore it | it has no parameters"));
}

TEST_F(Preflight, VersionsThatDisagree) {
  ElfModule module;
  module.undefined = {"printk"};
  module.versions = {{"printk", 7}};
  EXPECT_THAT(findings(module), ElementsAre("mine disagrees with the kernel k about the version of printk | build it "
                                            "against the headers of 6.1.0"));
  module.modinfo[1] = "vermagic=6.0.9 SMP mod_unload modversions ";
  EXPECT_THAT(findings(module), ElementsAre("mine was built for another kernel: for 6.0.9, which disagrees with k "
                                            "(6.1.0) about the version of printk | build it against the headers of "
                                            "6.1.0"));
}

TEST_F(Preflight, GplOnlyAndNamespaces) {
  ElfModule module;
  module.modinfo[0] = "license=Proprietary";
  module.undefined = {"kthread_stop"};
  EXPECT_THAT(findings(module), ElementsAre("mine has the license 'Proprietary', but kthread_stop may only be used by "
                                            "GPL modules | add MODULE_LICENSE(\"GPL\"), or stop using it"));
  module.undefined = {"crypto_thing"};
  EXPECT_THAT(findings(module), ElementsAre("mine uses crypto_thing without importing the namespace CRYPTO_INTERNAL | "
                                            "add MODULE_IMPORT_NS(CRYPTO_INTERNAL)"));
  module.modinfo.emplace_back("import_ns=CRYPTO_INTERNAL");
  EXPECT_THAT(findings(module), ElementsAre());
}

TEST_F(Preflight, TheHeadersSayTheVermagicToo) {
  folder_.write("headers/include/generated/utsrelease.h", "#define UTS_RELEASE \"6.1.0\"\n");
  folder_.write("headers/include/config/auto.conf",
                "CONFIG_SMP=y\nCONFIG_PREEMPT_BUILD=y\nCONFIG_MODULE_UNLOAD=y\nCONFIG_MODVERSIONS=y\n");
  kernel_.modules_dir.clear();
  ElfModule module;
  EXPECT_THAT(findings(module),
              ElementsAre("mine was built for another kernel: its vermagic is '6.1.0 SMP mod_unload modversions', that "
                          "of k is '6.1.0 SMP preempt mod_unload modversions' | build it against the headers of "
                          "6.1.0"));
  module.modinfo[1] = "vermagic=6.1.0 SMP preempt mod_unload modversions ";
  EXPECT_THAT(findings(module), ElementsAre());
}

TEST_F(Preflight, WithoutAnyFilesOfTheKernelThereIsNothingToSay) {
  kernel_.modules_dir.clear();
  kernel_.headers.clear();
  ElfModule module;
  module.undefined = {"anything"};
  EXPECT_THAT(findings(module), ElementsAre());
}

}  // namespace
}  // namespace kmodtest::kernel
