// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "kernel/modules/makefiles.hpp"
#include "kernel/modules/module.hpp"
#include "kernel_with_headers.hpp"
#include "storage/files.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using support::error_of;
using support::ScratchFolder;
using ::testing::HasSubstr;
using ::testing::Not;

/// "Headers" whose Makefile replaces Kbuild: for the folder M, or for each folder that the Kbuild in M names, it copies
/// each .c to an .o, and then all of them to .ko, unless one is missing: those with the word bad.
class Together : public ::testing::Test {
 protected:
  Together() {
    folder_.write(
        "headers/Makefile",
        "folders = $(or $(patsubst %/,$(M)/%,$(shell sed -n 's,obj-m += \\(.*/\\),\\1,p' $(M)/Kbuild)),$(M))\n"
        "modules:\n"
        "\t@echo $(words $(folders)) >> $(CURDIR)/runs\n"
        "\t@bad=0; for d in $(folders); do for f in $$d/*.c; do \\\n"
        "\t  echo \"  CC [M] $${f%.c}.o\"; \\\n"
        "\t  if grep -q warned $$f; then echo \"$$f:1: warning: told\"; fi; \\\n"
        "\t  if grep -q bad $$f; then echo \"$$f:1:1: error: bad\"; bad=1; else cp $$f $${f%.c}.o; fi; \\\n"
        "\t  done; done; exit $$bad\n"
        "\t@for d in $(folders); do for f in $$d/*.c; do cp $$f $${f%.c}.ko; done; done\n");
  }

  NamedWish module(const std::string &name, const std::string &source = "", const std::string &kbuild = "") {
    folder_.write("src/" + name + "/Kbuild", kbuild.empty() ? "obj-m := " + name + ".o\n" : kbuild);
    folder_.write("src/" + name + "/" + name + ".c", source.empty() ? name : source);
    return {.wish = {.folder = folder_.path() / "src" / name}, .name = name};
  }
  std::vector<std::optional<TreeBuild>> build(const std::vector<NamedWish> &wishes) {
    return build_together(wishes, kernel_, cache());
  }
  BuildResult build_alone(const NamedWish &wish) { return build_module(wish.wish, wish.name, kernel_, cache()); }
  std::filesystem::path cache() const { return folder_.path() / "cache"; }
  /// Returns how many folders each run of make has built so far: "2 1 ".
  std::string runs() const {
    std::string text = storage::read_whole_file(folder_.path() / "headers/runs");
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }

  ScratchFolder folder_;
  Kernel kernel_ = kernel_with_headers(folder_.path() / "headers");
};

TEST_F(Together, ModulesAreBuiltByOneRunAndAreUpToDateAfterIt) {
  const std::vector wishes{module("one"), module("two", "two, warned")};
  const auto built = build(wishes);
  EXPECT_EQ(runs(), "2 ");
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    ASSERT_TRUE(built[i]);
    EXPECT_TRUE(built[i]->rebuilt);
    const auto alone = build_alone(wishes[i]);
    EXPECT_FALSE(alone.rebuilt);
    EXPECT_EQ(alone.ko, built[i]->modules.front());
  }
  EXPECT_EQ(runs(), "2 ");
  EXPECT_THAT(built[0]->log, Not(HasSubstr("warning")));
  EXPECT_THAT(built[1]->log, HasSubstr((folder_.path() / "src/two/two.c").string() + ":1: warning: told"));
}

TEST_F(Together, OneThatDoesNotBuildKeepsNoOtherFromIt) {
  const std::vector wishes{module("one"), module("two", "bad"), module("error_paths")};
  const auto built = build(wishes);
  EXPECT_TRUE(built[0] && built[2]);
  EXPECT_FALSE(built[1]);
  EXPECT_EQ(runs(), "3 2 ");
  EXPECT_THAT(error_of([&] { build_alone(wishes[1]); }), HasSubstr("two.c:1:1: error: bad"));
  EXPECT_EQ(storage::read_whole_file(built[2]->modules.front()), "error_paths");
}

TEST_F(Together, WhatIsUpToDateOrAloneIsLeft) {
  const auto one = module("one"), two = module("two"), three = module("three");
  build_alone(one);
  const auto built = build({one, two, three});
  EXPECT_FALSE(built[0]);
  EXPECT_TRUE(built[1] && built[2]);
  EXPECT_EQ(runs(), "1 2 ");
  const auto again = build({one, two, module("four")});
  EXPECT_FALSE(again[0] || again[1] || again[2]);
  EXPECT_EQ(runs(), "1 2 ");
}

TEST_F(Together, OnlyThoseThatCompileOneModuleByAMakefileThatMeansTheSameEverywhere) {
  const auto one = module("one");
  const auto linked = module("linked");
  std::filesystem::create_directory_symlink("/usr", folder_.path() / "src/linked/usr");
  EXPECT_FALSE(build({one, linked})[1]);
  for (const auto &other : {module("exports", "EXPORT_SYMBOL(x)"), module("several", "", "obj-m := several.o b.o\n"),
                            module("asks", "", "obj-m := asks.o\nccflags-y := -DX=$(shell pwd)\n"),
                            module("another", "", "obj-m := name.o\n")}) {
    const auto built = build({one, other});
    EXPECT_FALSE(built[0] || built[1]) << other.name;
  }
  auto given = module("given");
  given.wish.variables = {"A=1"};
  EXPECT_FALSE(build({one, given})[1]);
  const auto flags =
      module("flags", "", "# its parts\nobj-m += flags.o\nflags-y := a.o b.o\nccflags-y := -I$(src)/x\n\n");
  EXPECT_TRUE(build({one, flags})[1]);
}

TEST_F(Together, SmallModulesDoNotWaitForALargeOne) {
  const std::vector wishes{module("one"), module("large", std::string(200'000, ' ')), module("two")};
  const auto built = build(wishes);
  EXPECT_TRUE(built[0] && built[2]);
  EXPECT_FALSE(built[1]);
}

TEST_F(Together, TwoModulesOfOneNameAreBuiltApart) {
  const auto one = module("one");
  folder_.write("other/one/Kbuild", "obj-m := one.o\n");
  folder_.write("other/one/one.c", "another");
  const NamedWish same{.wish = {.folder = folder_.path() / "other/one"}, .name = "one"};
  const auto built = build({one, same, module("two")});
  EXPECT_TRUE(built[0] && built[2]);
  EXPECT_FALSE(built[1]);
}

TEST_F(Together, KernelsWhoseKbuildWorksInTheFoldersOfModulesBuildThemOneByOne) {
  const std::vector wishes{module("one"), module("two")};
  for (const char *release : {"6.13.0-1-amd64", "7.3.4"}) {
    kernel_.release = release;
    const auto built = build(wishes);
    EXPECT_FALSE(built[0] || built[1]) << release;
  }
  kernel_.release = "6.12.1";
  EXPECT_TRUE(build(wishes)[0]);
}

TEST_F(Together, NothingIsLeftBehindThatALaterBuildCouldRead) {
  const auto built = build({module("one"), module("two")});
  ASSERT_TRUE(built[0]);
  const auto folder = built[0]->modules.front().parent_path().parent_path();
  for (const char *file : {"Kbuild", "Module.symvers", "modules.order"})
    EXPECT_FALSE(std::filesystem::exists(folder / file)) << file;
}

}  // namespace
}  // namespace kmodtest::kernel
