// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/new_templates.hpp"
#include "run/select/collect.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::cli {
namespace {

namespace fs = std::filesystem;
using support::read_file;
using support::ScratchFolder;

int run(std::vector<std::string> words) {
  std::vector<const char *> argv = {"kmodtest"};
  for (const std::string &word : words) argv.push_back(word.c_str());
  return run_command_line(static_cast<int>(argv.size()), argv.data());
}

std::set<std::string> files_below(const fs::path &folder) {
  std::set<std::string> files;
  for (const auto &entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.insert(entry.path().lexically_relative(folder).string());
  }
  return files;
}

class New : public ::testing::Test {
 protected:
  int make(std::vector<std::string> words) const {
    words.insert(words.begin(), "new");
    words.insert(words.end(), {"--in", scratch_.path().string()});
    return run(words);
  }
  const ScratchFolder scratch_;
};

TEST_F(New, AModuleHasAllThatItTakes) {
  ASSERT_EQ(make({"my-module"}), 0);
  const fs::path folder = scratch_.path() / "my-module";
  const std::set<std::string> wanted = {".github/workflows/kmodtest.yml", ".gitignore",     "README.md",
                                        "kmodtest.schema.json",           "my-module.yaml", "my-module/Kbuild",
                                        "my-module/my-module.c"};
  EXPECT_EQ(files_below(folder), wanted);
  EXPECT_EQ(files_below(scratch_.path()).size(), wanted.size()) << "something else is left";
  EXPECT_NE(read_file(folder / "my-module/Kbuild").find("obj-m := my-module.o\n"), std::string::npos);
  const std::string source = read_file(folder / "my-module/my-module.c");
  EXPECT_EQ(source.find("// SPDX-License-Identifier: GPL-2.0\n"), 0u);
  EXPECT_NE(source.find("MODULE_LICENSE(\"GPL\")"), std::string::npos);
  EXPECT_NE(source.find("module_init(my_module_module_init);"), std::string::npos) << "C takes no '-' in a name";
  EXPECT_EQ(read_file(folder / "my-module.yaml").find("# yaml-language-server: $schema=kmodtest.schema.json\n"), 0u);
  EXPECT_EQ(read_file(folder / "kmodtest.schema.json"), plan::json_schema());
}

TEST_F(New, EveryKindIsAPlanWithoutAWarning) {
  for (const ModuleKind &kind : module_kinds()) {
    const std::string name = std::string("of-kind-") + kind.name;
    ASSERT_EQ(make({name, "--kind", kind.name, "--ci", "gitlab"}), 0);
    const fs::path folder = scratch_.path() / name;
    for (const std::string &file : files_below(folder)) {
      if (file == "kmodtest.schema.json") continue;
      const std::string text = read_file(folder / file);
      EXPECT_EQ(text.find("@name@"), std::string::npos) << file;
      EXPECT_EQ(text.find("@ident@"), std::string::npos) << file;
      EXPECT_EQ(text.find("@ci@"), std::string::npos) << file;
    }
    const run::Collected collected = run::collect_plans({folder}, {});
    for (const auto &diagnostic : collected.diagnostics) ADD_FAILURE() << diagnostic.str();
    ASSERT_EQ(collected.plans.size(), 1u);
    EXPECT_EQ(collected.plans.front().cases.size(), 2u) << "with one CPU and with two";
  }
}

TEST_F(New, TheFileForCiIsTheOneThatWasAskedFor) {
  ASSERT_EQ(make({"a", "--ci", "github"}), 0);
  ASSERT_EQ(make({"b", "--ci", "gitlab"}), 0);
  ASSERT_EQ(make({"c", "--ci", "none"}), 0);
  EXPECT_EQ(files_below(scratch_.path() / "a").count(".github/workflows/kmodtest.yml"), 1u);
  EXPECT_EQ(files_below(scratch_.path() / "a").count(".gitlab-ci.yml"), 0u);
  EXPECT_EQ(files_below(scratch_.path() / "b").count(".gitlab-ci.yml"), 1u);
  EXPECT_EQ(files_below(scratch_.path() / "c").size(), 6u);
}

TEST_F(New, NothingIsOverwritten) {
  const fs::path file = scratch_.write("a-file", "mine");
  fs::create_directory(scratch_.path() / "a-folder");
  fs::create_symlink("nowhere", scratch_.path() / "a-link");
  testing::internal::CaptureStderr();
  for (const char *name : {"a-file", "a-folder", "a-link"}) EXPECT_EQ(make({name}), 2) << name;
  EXPECT_NE(testing::internal::GetCapturedStderr().find("a-file already exists, and nothing is overwritten"),
            std::string::npos);
  EXPECT_EQ(read_file(file), "mine");
  EXPECT_EQ(files_below(scratch_.path()), std::set<std::string>{"a-file"});
}

TEST_F(New, ANameThatNoModuleCanHaveIsRefused) {
  for (const std::string &name :
       {std::string("7up"), std::string("a/b"), std::string("../up"), std::string("a b"), std::string("caf\xc3\xa9"),
        std::string(56, 'x'), std::string("null"), std::string("_x"), std::string("")}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(make({name}), 2) << name;
    EXPECT_NE(testing::internal::GetCapturedStderr(), "");
  }
  EXPECT_TRUE(fs::is_empty(scratch_.path()));
  EXPECT_EQ(make({std::string(55, 'x')}), 0);
}

TEST_F(New, AFolderThatIsNotThereIsNamed) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({"new", "x", "--in", scratch_.path() / "nowhere"}), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("there is no folder " + scratch_.path().string() + "/nowhere"),
            std::string::npos);
}

TEST_F(New, InARepositoryItSaysWhereTheFileForCiBelongs) {
  fs::create_directory(scratch_.path() / ".git");
  testing::internal::CaptureStdout();
  EXPECT_EQ(make({"x"}), 0);
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_NE(out.find("note: GitHub reads .github only at the top of a repository"), std::string::npos) << out;
  testing::internal::CaptureStdout();
  EXPECT_EQ(make({"y", "--ci", "none"}), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout().find("note:"), std::string::npos);
}

}  // namespace
}  // namespace kmodtest::cli
