// SPDX-License-Identifier: GPL-2.0-or-later
// The files of `kmodtest new` pass unchanged. (docs/guide/tutorial.md begins with the first kind.)
#include <gtest/gtest.h>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

TEST(NewModule, OfEachKindPassesAtOnce) {
  const ScratchFolder scratch;
  std::vector<std::string> run = {"run"};
  for (const std::string &kind : {std::string("hello"), std::string("chardev")}) {
    const std::string name = "my-" + kind;
    const Ended made = kmodtest({"new", name, "--in", scratch.path(), "--kind", kind});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(kmodtest({"lint", scratch.path() / name}).out, "1 plan with 2 cases read, no errors\n");
    run.push_back(scratch.path() / name);
  }
  const fs::path reports = scratch.path() / "reports";
  run.insert(run.end(), {"--out", reports});
  const Ended ended = kmodtest(run);
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("4 cases: 4 passed in "), std::string::npos) << ended.out;
  for (const auto &file : fs::recursive_directory_iterator(reports)) {
    if (file.path().filename() != "build.log") continue;
    const std::string log = read_file(file.path());
    EXPECT_EQ(log.find("warning"), std::string::npos) << log;
  }
}

}  // namespace
}  // namespace kmodtest::e2e
