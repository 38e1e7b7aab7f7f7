// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_command.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::cli {
namespace {

using ::testing::HasSubstr;

TEST(HistoryFile, AnotherFileIsNotReplaced) {
  const support::ScratchFolder scratch;
  for (const char *text : {"module: ex7_1\n", "[]", "{\"schema\": 1}", "x"}) {
    const auto file = scratch.write("file", text);
    EXPECT_THAT(support::error_of([&] { open_history(file); }), HasSubstr("which is not a history of kmodtest"));
  }
}

TEST(HistoryFile, OneThatIsNewOrEmptyOrCutOffKnowsNothing) {
  const support::ScratchFolder scratch;
  for (const char *text :
       {"", "\n", "{}\n", "{\"cases\":{", "{\"ca", "{\"cases\":{},\"schema\":\"x\",\"version\":2}\n"})
    EXPECT_TRUE(open_history(scratch.write("file", text)));
  EXPECT_TRUE(open_history(scratch / "new"));
  EXPECT_TRUE(open_history(scratch.path())) << "a folder means history.json in it";
}

}  // namespace
}  // namespace kmodtest::cli
