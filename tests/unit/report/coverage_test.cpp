// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/coverage.hpp"

#include <gtest/gtest.h>
#include <memory>

#include "report/coverage/coverage_files.hpp"
#include "report/coverage/coverage_lines.hpp"
#include "report/listeners.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

observe::Coverage measured() {
  observe::Coverage coverage;
  observe::FileCoverage &file = coverage.files["drivers/mine.c"];
  file.functions = {{"mine_init", {.line = 10, .times = 2}}, {"never", {.line = 20, .times = 0}}};
  file.lines[10].times = 2;
  file.lines[11] = {.times = 2, .jumps = {{.taken = 2, .fell = 0}, {.taken = 0, .fell = 0}}};
  file.lines[21].times = 0;
  coverage.files["top.c"].lines[1].times = 7;
  return coverage;
}

TEST(CoverageFiles, TheTracefileIsThatOfLcov) {
  EXPECT_EQ(lcov_tracefile(measured()),
            "TN:\nSF:drivers/mine.c\n"
            "FN:10,mine_init\nFN:20,never\nFNDA:2,mine_init\nFNDA:0,never\nFNF:2\nFNH:1\n"
            "BRDA:11,0,0,2\nBRDA:11,0,1,0\nBRDA:11,1,0,-\nBRDA:11,1,1,-\nBRF:4\nBRH:1\n"
            "DA:10,2\nDA:11,2\nDA:21,0\nLF:3\nLH:2\nend_of_record\n"
            "TN:\nSF:top.c\nFNF:0\nFNH:0\nBRF:0\nBRH:0\nDA:1,7\nLF:1\nLH:1\nend_of_record\n");
  EXPECT_EQ(lcov_tracefile({}), "");
}

TEST(CoverageFiles, TheXmlIsThatOfCobertura) {
  const auto expected = std::filesystem::path(KMODTEST_TEST_DATA) / "coverage" / "cobertura.xml";
  EXPECT_EQ(cobertura_xml(measured(), "/src & more", 1790000000, "1.2"), storage::read_whole_file(expected));
}

TEST(CoverageLines, NameWhatWasNotMeasured) {
  observe::Coverage coverage = measured();
  coverage.missing = {{"a.ko", "has no debug information"}, {"b", "x"}, {"c", "x"}, {"d", "x"}, {"e", "x"}};
  const std::vector<std::string> expected = {"coverage: 75 % of lines, 25 % of branches; mine.c 21 never ran",
                                             "coverage: a.ko has no debug information", "coverage: b x",
                                             "coverage: c x", "coverage: 2 more are not measured"};
  EXPECT_EQ(coverage_lines(coverage), expected);
}

TEST(CoverageLines, TooFewLinesAreNotRoundedUp) {
  EXPECT_EQ(coverage_shortfall(measured(), 75), "");
  EXPECT_EQ(coverage_shortfall(measured(), 75.01),
            "3 of 4 lines ran (75.00 %), less than the 75.01 % of --coverage-min");
  EXPECT_NE(coverage_shortfall({}, 1), "") << "what is not known is not enough";
}

TEST(CoverageHtml, ColoursEachLineOfTheSource) {
  const support::ScratchFolder scratch;
  const auto path = scratch.path() / "a.c";
  storage::write_whole_file(path, "int a;\nif (a < 1)\n\tf();\nelse\n\tg();\n");
  observe::Coverage coverage;
  auto &lines = coverage.files[path.string()].lines;
  lines[2] = {.times = 3, .jumps = {{.taken = 3, .fell = 0}}};
  lines[3].times = 0;
  lines[5].times = 3;
  const std::string html = html::render_coverage(coverage).str();
  const std::string partly = "<span class=\"partly\" title=\"1 of 2 branches\">    2         3  if (a &lt; 1)\n</span>";
  const std::string never = "<span class=\"never\" title=\"\">    3         0  \tf();\n</span>";
  const std::string ran = "<span class=\"ran\" title=\"\">    5         3  \tg();\n</span>";
  for (const std::string &part : {std::string("    1            int a;\n"), partly, never, ran})
    EXPECT_NE(html.find(part), std::string::npos) << part << "is not in\n" << html;
  EXPECT_EQ(html::render_coverage({}).str(), "");
}

TEST(CoverageHtml, AFileThatIsNotThereHasItsNumbers) {
  const std::string html = html::render_coverage(measured()).str();
  EXPECT_NE(html.find("<p>drivers/mine.c: lines 66 % (2 of 3), branches 25 % (1 of 4), functions 50 % (1 of 2)</p>"),
            std::string::npos)
      << html;
}

TEST(CoverageListener, MergesAllCasesAndTheirAttempts) {
  const support::ScratchFolder scratch;
  const auto folder = scratch.path() / "made" / "coverage";
  auto sum = std::make_shared<observe::Coverage>();
  const auto listener = make_coverage(folder, "1.2", sum);
  outcome::CaseFinished finished, attempt;
  finished.coverage = attempt.coverage = std::make_shared<const observe::Coverage>(measured());
  finished.earlier.push_back(attempt);
  listener->on(outcome::RunStarted{});
  listener->on(finished);
  listener->on(outcome::CaseFinished{});
  listener->on(outcome::RunFinished{});
  EXPECT_EQ(sum->files.at("top.c").lines.at(1).times, 14);
  EXPECT_EQ(storage::read_whole_file(folder / "coverage.info"), lcov_tracefile(*sum));
  EXPECT_NE(storage::read_whole_file(folder / "cobertura.xml").find("hits=\"14\""), std::string::npos);
}

}  // namespace
}  // namespace kmodtest::report
