// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/process.hpp"
#include "cli/command.hpp"
#include "cli/help_texts.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::cli {
namespace {

using ::testing::HasSubstr;

class Manual : public testing::Test {
 protected:
  Manual() { add_commands(app_, chosen_); }

  std::vector<ManualPage> pages() const {
    return manual_pages(tree_of(app_), {"0.1.0", "2026-01-31", manual_tables(), [](const std::string &command) {
                                          return command == "run" ? std::string("Runs.\nTwice.") : help_text(command);
                                        }});
  }

  std::string page(const std::string &file) const {
    for (const ManualPage &one : pages()) {
      if (one.file == file) return one.text;
    }
    return "";
  }

  CLI::App app_{"", "kmodtest"};
  std::function<int()> chosen_;
};

TEST_F(Manual, HasAPageForEachCommand) {
  const auto all = pages();
  EXPECT_EQ(all.size(), commands().size() + 1);
  for (const Command &command : commands()) {
    const std::string text = page(std::string("kmodtest-") + command.name + ".1");
    EXPECT_THAT(text, HasSubstr(".SH NAME\nkmodtest\\-" + std::string(command.name) + " \\- ")) << command.name;
    EXPECT_THAT(page("kmodtest.1"), HasSubstr(".BR kmodtest\\-" + std::string(command.name) + " (1)"));
  }
}

TEST_F(Manual, SaysWhatTheTreeSays) {
  const std::string run = page("kmodtest-run.1");
  EXPECT_EQ(run.find(".TH KMODTEST-RUN 1 2026-01-31 \"kmodtest 0.1.0\" \"User Commands\"\n"), 0u) << run.substr(0, 80);
  EXPECT_THAT(run, HasSubstr("\\fBkmodtest run\\fR [\\fIOPTION\\fR...] \\fIPLAN|FOLDER|MODULE\\fR..."));
  EXPECT_THAT(run, HasSubstr(".SH DESCRIPTION\nRuns.\n.PP\nTwice.\n"));
  EXPECT_THAT(run, HasSubstr(".TP\n\\fB\\-j\\fR, \\fB\\-\\-jobs\\fR \\fIN\\fR\n"));
  EXPECT_THAT(run, HasSubstr(".TP\n\\fB\\-\\-gdb\\fR[=\\fI"));
  EXPECT_THAT(run, HasSubstr("One of: wait, attach."));
  EXPECT_THAT(run, HasSubstr(".TP\n\\fBKMODTEST_CACHE\\fR\n"));
  EXPECT_THAT(page("kmodtest-kernels.1"), HasSubstr(".SS kmodtest kernels fetch\n"));
}

TEST_F(Manual, HasTheProseOfTheHelpFolder) {
  for (const Command &command : commands()) EXPECT_NE(help_text(command.name), "") << command.name;
  EXPECT_THAT(page("kmodtest-cache.1"), HasSubstr("and snapshots of booted guests between runs. You can remove all"))
      << "a paragraph is one line";
  const ManualTables tables = manual_tables();
  ASSERT_EQ(tables.exit_statuses.size(), 6u);
  EXPECT_EQ(tables.exit_statuses.back().name, "130");
  EXPECT_EQ(tables.exit_statuses.back().text, "The run was interrupted.");
  ASSERT_EQ(tables.environment.size(), 9u);
  EXPECT_EQ(tables.environment.back().name, "NO_COLOR");
  EXPECT_EQ(tables.files.size(), 8u);
  EXPECT_THAT(help_footer(), HasSubstr("\nExamples:\n"));
}

TEST_F(Manual, ReadersOfManualPagesHaveNothingToComplainOf) {
  const support::ScratchFolder scratch;
  std::vector<std::string> mandoc = {"mandoc", "-T", "lint", "-W", "warning"},
                           groff = {"groff", "-man", "-ww", "-z", "-K", "utf8", "-T", "utf8"};
  for (const ManualPage &one : pages()) {
    const auto file = scratch.write(one.file, one.text);
    mandoc.push_back(file);
    groff.push_back(file);
  }
  std::size_t readers = 0;
  for (const auto *reader : {&mandoc, &groff}) {
    try {
      const base::ProcessResult result = base::run_process(*reader);
      EXPECT_EQ(result.out + result.err, "") << reader->front();
      EXPECT_EQ(result.exit_code, 0) << reader->front();
      ++readers;
    } catch (const base::Error &) {
    }
  }
  if (readers == 0) GTEST_SKIP() << "neither mandoc nor groff is installed";
}

}  // namespace
}  // namespace kmodtest::cli
