// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "report/listeners.hpp"
#include "report/terminal/score_table.hpp"
#include "storage/files.hpp"
#include "support/sample_case.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using Strings = std::vector<std::string>;

outcome::CaseFinished of_student(const std::string &path, std::size_t number, judge::Outcome outcome,
                                 std::uint32_t points) {
  auto test_case = std::make_shared<plan::Case>(*support::make_case("lab1", 1, " lab1=" + path));
  test_case->implementations = {{"lab1", path}};
  test_case->steps.resize(2);
  test_case->steps[0].points = 3;
  test_case->steps[1].points = 2;
  outcome::CaseFinished made = support::finished(test_case, outcome, outcome == judge::Outcome::passed ? "" : "why");
  made.number = number;
  made.verdict.points = points;
  return made;
}

TEST(ScoreTable, PathsAreShownByThePartsInWhichTheyDiffer) {
  EXPECT_EQ(distinct_parts({"students/anna/lab", "students/ben/lab"}), (Strings{"anna", "ben"}));
  EXPECT_EQ(distinct_parts({"v1/ex.ko", "v2/ex.ko"}), (Strings{"v1", "v2"}));
  EXPECT_EQ(distinct_parts({"v1/ex.ko"}), Strings{"v1/ex.ko"});
  EXPECT_EQ(distinct_parts({"a/b", "a/b"}), (Strings{"b", "b"}));
  EXPECT_EQ(distinct_parts({"lab", "old/lab"}), (Strings{"lab", "old/lab"}));
  EXPECT_EQ(distinct_parts({}), Strings{});
}

TEST(ScoreTable, ShowsWhoPassedWhatAndThePoints) {
  ScoreTable table;
  table.add(of_student("s/anna/lab", 0, judge::Outcome::passed, 5));
  table.add(of_student("s/anna/lab", 1, judge::Outcome::crashed, 3));
  table.add(of_student("s/ben/lab", 2, judge::Outcome::failed, 0));
  EXPECT_EQ(table.render(Palette(false)),
            "        lab1                    points\n"
            "  anna  1 of 2 passed, crashed  8 of 10\n"
            "  ben   failed                  0 of 5\n");
}

TEST(ScoreTable, OfRepeatsTheWorstCounts) {
  ScoreTable table;
  table.add(of_student("s/anna/lab", 0, judge::Outcome::failed, 3));
  auto second = of_student("s/anna/lab", 1, judge::Outcome::passed, 5);
  second.repeat = 2;
  table.add(second);
  EXPECT_EQ(table.render(Palette(false)),
            "              lab1    points\n"
            "  s/anna/lab  failed  3 of 5\n");
}

TEST(ScoreTable, IsEmptyWithoutImplementations) {
  ScoreTable table;
  table.add(support::finished(support::make_case("ex", 1), judge::Outcome::passed));
  EXPECT_EQ(table.render(Palette(false)), "");
}

std::string written(const char *name) {
  const support::ScratchFolder folder;
  const auto file = folder.path() / name;
  const auto listener = make_scores(file);
  listener->on(of_student("s/anna, \"the first\"/lab", 0, judge::Outcome::passed, 5));
  listener->on(outcome::RunFinished{});
  return storage::read_whole_file(file);
}

TEST(Scores, AreALineForEachCaseInCsv) {
  EXPECT_EQ(
      written("scores.csv"),
      "lab1,plan,case,result,points,of\r\n"
      "\"s/anna, \"\"the first\"\"/lab\",lab1,\"lab1 [cpus=1 lab1=s/anna, \"\"the first\"\"/lab]\",passed,5,5\r\n");
}

TEST(Scores, AreAnArrayInJson) {
  const std::string text = written("scores.json");
  EXPECT_NE(text.find("\"lab1\": \"s/anna, \\\"the first\\\"/lab\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"points\": 5"), std::string::npos) << text;
  EXPECT_EQ(text.front(), '[');
}

}  // namespace
}  // namespace kmodtest::report
