// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/source_build/source_build.hpp"

#include <cstdlib>
#include <gmock/gmock.h>

#include "kernel/catalogue/unpacked_tree.hpp"
#include "kernel/source_build/build_needs.hpp"
#include "kernel/source_build/build_progress.hpp"
#include "kernel/source_build/config_fragment.hpp"
#include "kernel/source_build/module_headers.hpp"
#include "storage/cache_folder.hpp"
#include "storage/files.hpp"
#include "support/error_of.hpp"
#include "support/recorded_notices.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;
using support::error_of;
using support::ScratchFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ConfigFragment, ALaterLineWins) {
  const auto fragment = read_fragment(
      "# a comment\nCONFIG_A=y\nCONFIG_B=256\n# CONFIG_C is not set\nCONFIG_A=m\nCONFIG_D\nCONFIG_E=\"a b\"\n");
  EXPECT_EQ(fragment,
            (ConfigFragment{{"CONFIG_A", "m"}, {"CONFIG_B", "256"}, {"CONFIG_C", "n"}, {"CONFIG_E", "\"a b\""}}));
}

TEST(ConfigFragment, NamesWhatKconfigDidNotTake) {
  const auto fragment = read_fragment("CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\nCONFIG_D=m\n");
  EXPECT_THAT(options_not_taken(fragment, KernelConfig("CONFIG_A=y\nCONFIG_C=y\nCONFIG_D=y\n")),
              ElementsAre("CONFIG_B=y (is n)", "CONFIG_C=n (is y)", "CONFIG_D=m (is y)"));
  EXPECT_THAT(options_not_taken(fragment, KernelConfig("CONFIG_A=y\nCONFIG_B=y\nCONFIG_D=m\n")), ElementsAre());
}

TEST(BuildNeeds, NamesAllThatIsMissingAtOnce) {
  const auto has = [](const BuildNeed &need) { return need.name != "flex" && need.name != "gelf.h"; };
  EXPECT_EQ(error_of([&] { check_build_needs(has); }),
            "this machine lacks flex, gelf.h, which building a kernel needs | install what is missing: apt install "
            "flex libelf-dev");
  EXPECT_NO_THROW(check_build_needs([](const BuildNeed &) { return true; }));
}

TEST(BuildNeeds, KnowsAHeaderThatGccFinds) {
  EXPECT_TRUE(machine_has({.name = "stdio.h", .package = "libc6-dev", .is_header = true}));
  EXPECT_FALSE(machine_has({.name = "no/such/header.h", .package = "none", .is_header = true}));
  EXPECT_FALSE(machine_has({.name = "no-such-program", .package = "none"}));
}

TEST(BuildProgress, CountsFilesAndReportsEachTwentieth) {
  std::vector<std::string> said;
  std::chrono::steady_clock::time_point time;
  BuildProgress progress(
      40, [&](const std::string &text) { said.push_back(text); }, [&] { return time; });
  progress.hear("  HOSTCC  scripts/basic/fixdep\n  CC      init/main.o\n  C");
  EXPECT_EQ(progress.files(), 1);
  time += std::chrono::seconds(65);
  progress.hear("C [M]  drivers/a.o\n  AR      built-in.a\n");
  EXPECT_EQ(progress.files(), 2);
  EXPECT_THAT(said, ElementsAre("compiled 2 of about 40 files, 1 min 5 s"));
  for (int i = 0; i < 50; ++i) progress.hear("  AS      x.o\n");
  EXPECT_EQ(progress.files(), 52);
  EXPECT_EQ(said.size(), 20U);
  EXPECT_THAT(said.back(), HasSubstr("compiled 40 of about 40"));
}

TEST(ModuleHeaders, HaveWhatWasGeneratedAndNoObjects) {
  const ScratchFolder source, objects, to;
  for (const char *file : {"Makefile", "Kconfig", "COPYING", "init/main.c", "include/linux/module.h",
                           "include/generated/stale.h", "scripts/Makefile.build", "arch/x86/Makefile",
                           "arch/x86/include/asm/io.h", "arch/arm/Makefile", "arch/x86/entry/syscalls/Makefile"})
    source.write(file, "source");
  for (const char *file : {"include/generated/autoconf.h", "include/generated/stale.h", "scripts/basic/fixdep",
                           "scripts/mod/modpost.o", "scripts/mod/.modpost.cmd", "arch/x86/include/generated/asm/x.h",
                           "Module.symvers", ".config", "tools/objtool/objtool", "vmlinux"})
    objects.write(file, "built");
  copy_module_headers(source.path(), objects.path(), to.path());
  std::vector<std::string> copied;
  for (const auto &entry : fs::recursive_directory_iterator(to.path()))
    if (entry.is_regular_file()) copied.push_back(entry.path().lexically_relative(to.path()));
  EXPECT_THAT(copied, ::testing::UnorderedElementsAre(
                          "Makefile", "Kconfig", "include/linux/module.h", "include/generated/stale.h",
                          "include/generated/autoconf.h", "scripts/Makefile.build", "scripts/basic/fixdep",
                          "arch/x86/Makefile", "arch/x86/include/asm/io.h", "arch/x86/include/generated/asm/x.h",
                          "arch/x86/entry/syscalls/Makefile", "Module.symvers", ".config", "tools/objtool/objtool"));
  EXPECT_EQ(storage::read_whole_file(to.path() / "include/generated/stale.h"), "built");
}

CatalogueEntry built_entry() {
  CatalogueEntry entry;
  entry.name = "debug";
  entry.suite = "bookworm";
  entry.source_package = "linux-source-6.1";
  return entry;
}

TEST(OriginOfBuild, ChangesWithOptionsButNotWithComments) {
  const auto entry = built_entry();
  const std::string origin = origin_of_build(entry, "CONFIG_A=y\n");
  EXPECT_EQ(origin, origin_of_build(entry, "# why\nCONFIG_A=y\n\n"));
  EXPECT_NE(origin, origin_of_build(entry, "CONFIG_A=m\n"));
  auto other = entry;
  other.source_package = "linux-source-6.12";
  EXPECT_NE(origin, origin_of_build(other, "CONFIG_A=y\n"));
  other = entry;
  other.build_arguments = {"KCSAN_SANITIZE=n"};
  EXPECT_NE(origin, origin_of_build(other, "CONFIG_A=y\n"));
}

/// Programs that a build starts, replaced by scripts: `make` copies the configuration, and prints what a file says.
class FakeBuild : public ::testing::Test {
 protected:
  FakeBuild() {
    for (const BuildNeed &need : build_needs())
      if (!need.is_header && need.name != "gcc") script(need.name, "exit 0");
    script("make",
           "objects=${3#O=}\n"
           "for word; do case $word in\n"
           "KCONFIG_ALLCONFIG=*) echo >>$objects/../configured; sed -e '/DROPPED/d' ${word#*=} >$objects/.config ;;\n"
           "SANITIZE=n) touch $objects/../sanitizes_nothing ;;\n"
           "bzImage) echo '  CC      a.o'; if [ -e $objects/../fails ]; then cat $objects/../fails; exit 2; fi ;;\n"
           "esac; done");
    const char *path = std::getenv("PATH");
    old_path_ = path == nullptr ? "" : path;
    ::setenv("PATH", (folder_.path().string() + "/bin:" + old_path_).c_str(), 1);
    // As an interrupted build leaves it.
    folder_.write("build/source-version", "6.1.1-1");
    folder_.write("build/source/Makefile", "");
  }
  ~FakeBuild() override { ::setenv("PATH", old_path_.c_str(), 1); }

  std::string run(const std::string &config = "CONFIG_A=y\n") {
    support::RecordedNotices notices;
    CatalogueEntry entry;
    entry.name = "debug";
    entry.source_package = "linux-source-6.1";
    entry.config = {"debug.config"};
    entry.compiled_files = 1;
    entry.build_arguments = {"SANITIZE=n"};
    SourceBuild build(entry, config, folder_.path() / "build", notices);
    std::string error = error_of([&] { build.run(); });
    said_ = std::move(notices.said);
    return error;
  }
  std::string file(const std::string &name) const { return storage::read_whole_file(folder_.path() / "build" / name); }

  ScratchFolder folder_;
  std::vector<std::string> said_;

 private:
  void script(const std::string &name, const std::string &text) {
    fs::permissions(folder_.write("bin/" + name, "#!/bin/sh\n" + text + "\n"), fs::perms::owner_all);
  }

  std::string old_path_;
};

TEST_F(FakeBuild, GoesOnWithoutConfiguringAgain) {
  EXPECT_EQ(run(), "no error");
  EXPECT_THAT(said_, ::testing::IsSupersetOf({HasSubstr("building the kernel debug: about"),
                                              HasSubstr("going on with linux-source-6.1 6.1.1-1"),
                                              HasSubstr("compiled 1 of about 1 files")}));
  EXPECT_EQ(run(), "no error");
  EXPECT_EQ(file("configured"), "\n");
  EXPECT_EQ(run("CONFIG_B=y\n"), "no error");
  EXPECT_EQ(file("configured"), "\n\n");
  EXPECT_EQ(file("sanitizes_nothing"), "") << "make gets the arguments";
}

TEST_F(FakeBuild, NamesAnOptionThatKconfigDoesNotTake) {
  EXPECT_EQ(run("CONFIG_A=y\nCONFIG_DROPPED=y\n"),
            "Kconfig of linux-source-6.1 6.1.1-1 does not take CONFIG_DROPPED=y (is n) | correct debug.config");
}

TEST_F(FakeBuild, KeepsTheLogOfACompilerError) {
  folder_.write("build/fails", "a.c:3:9: error: expected ';'\nmake: *** [a.o] Error 1\n");
  EXPECT_EQ(run(), "a.c:3:9: error: expected ';' | look into " + (folder_.path() / "build/build.log").string());
  EXPECT_THAT(file("build.log"), HasSubstr("  CC      a.o"));
}

TEST_F(FakeBuild, ReportsAFullDiskAsSuch) {
  folder_.write("build/fails", "cc1: fatal error: writing a.o: No space left on device\n");
  EXPECT_THAT(run(), HasSubstr("is full: the kernel 'debug' was not built"));
}

/// A store with the shipped catalogue and an empty cache.
struct EmptyCache {
  ScratchFolder cache;
  KernelStore store{read_catalogue(storage::find_data_file("kernels.yaml")), cache.path(), base::ignored_notices()};
};

TEST(BuiltKernel, IsAskedForByNameBeforeItCanBeUsed) {
  EmptyCache empty;
  const std::string error =
      "the kernel 'debug' is not built on this machine | build it once: kmodtest kernels build debug";
  EXPECT_EQ(error_of([&] { empty.store.check("debug"); }), error);
  EXPECT_EQ(error_of([&] { empty.store.fetch("debug"); }), error);
  EXPECT_EQ(error_of([&] { empty.store.resolve("debug"); }), error);
  EXPECT_NO_THROW(empty.store.check("debian-6.1-cloud"));
  EXPECT_EQ(error_of([&] { empty.store.build("debian-6.1-cloud"); }),
            "the kernel 'debian-6.1-cloud' is fetched from a mirror, not built | fetch it: kmodtest kernels fetch "
            "debian-6.1-cloud");
}

TEST(BuiltKernel, IsInTheCacheAsLongAsItsOptionsAreTheSame) {
  EmptyCache empty;
  const auto &catalogue = empty.store.catalogue();
  const auto entry =
      std::find_if(catalogue.begin(), catalogue.end(), [](const auto &one) { return one.name == "debug"; });
  ASSERT_NE(entry, catalogue.end());
  const fs::path tree = empty.cache.path() / "kernels/debug";
  Kernel kernel;
  kernel.release = "6.1.0-debug";
  kernel.image = empty.cache.write("kernels/debug/boot/vmlinuz-6.1.0-debug", "image");
  kernel.modules_dir = tree / "lib/modules/6.1.0-debug";
  empty.cache.write("kernels/debug/lib/modules/6.1.0-debug/modules.dep", "");
  write_manifest(tree, origin_of_build(*entry, config_of(*entry)), {}, kernel);
  ASSERT_TRUE(empty.store.cached("debug"));
  EXPECT_EQ(empty.store.cached("debug")->release, "6.1.0-debug");
  EXPECT_NO_THROW(empty.store.check("debug"));
  write_manifest(tree, origin_of_build(*entry, config_of(*entry) + "CONFIG_OTHER=y\n"), {}, kernel);
  EXPECT_FALSE(empty.store.cached("debug"));
}

}  // namespace
}  // namespace kmodtest::kernel
