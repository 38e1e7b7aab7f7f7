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

observe::Coverage sample() {
  observe::Coverage coverage;
  observe::FileCoverage &file = coverage.files["drivers/mine.c"];
  file.functions = {{"mine_init", {.line = 10, .times = 2}}, {"never", {.line = 20, .times = 0}}};
  file.lines = {{10, {.times = 2}},
                {11, {.times = 2, .jumps = {{.taken = 2, .fell = 0}, {.taken = 0, .fell = 0}}}},
                {21, {.times = 0}}};
  coverage.files["top.c"].lines = {{1, {.times = 7}}};
  return coverage;
}

TEST(CoverageFiles, TheTracefileIsThatOfLcov) {
  EXPECT_EQ(lcov_tracefile(sample()),
            "TN:\nSF:drivers/mine.c\n"
            "FN:10,mine_init\nFN:20,never\nFNDA:2,mine_init\nFNDA:0,never\nFNF:2\nFNH:1\n"
            "BRDA:11,0,0,2\nBRDA:11,0,1,0\nBRDA:11,1,0,-\nBRDA:11,1,1,-\nBRF:4\nBRH:1\n"
            "DA:10,2\nDA:11,2\nDA:21,0\nLF:3\nLH:2\nend_of_record\n"
            "TN:\nSF:top.c\nFNF:0\nFNH:0\nBRF:0\nBRH:0\nDA:1,7\nLF:1\nLH:1\nend_of_record\n");
  EXPECT_EQ(lcov_tracefile({}), "");
}

TEST(CoverageFiles,
     TheXmlIsThatOfCobertura){EXPECT_EQ(cobertura_xml(sample(), "/src & more", 1790000000, "1.2"),
                                        R"(<?xml version="1.0"?>
<coverage line-rate="0.7500" branch-rate="0.2500" lines-covered="3" lines-valid="4" branches-covered="1" branches-valid="4" complexity="0" version="kmodtest 1.2" timestamp="1790000000">
  <sources>
    <source>/src &amp; more</source>
  </sources>
  <packages>
    <package name="." line-rate="1.0000" branch-rate="1.0000" complexity="0">
      <classes>
        <class name="top.c" filename="top.c" line-rate="1.0000" branch-rate="1.0000" complexity="0">
          <methods />
          <lines>
            <line number="1" hits="7" branch="false" />
          </lines>
        </class>
      </classes>
    </package>
    <package name="drivers" line-rate="0.6667" branch-rate="0.2500" complexity="0">
      <classes>
        <class name="mine.c" filename="drivers/mine.c" line-rate="0.6667" branch-rate="0.2500" complexity="0">
          <methods>
            <method name="mine_init" signature="" line-rate="1.0000" branch-rate="1.0000" complexity="0">
              <lines>
                <line number="10" hits="2" branch="false" />
              </lines>
            </method>
            <method name="never" signature="" line-rate="0.0000" branch-rate="1.0000" complexity="0">
              <lines>
                <line number="20" hits="0" branch="false" />
              </lines>
            </method>
          </methods>
          <lines>
            <line number="10" hits="2" branch="false" />
            <line number="11" hits="2" branch="true" condition-coverage="25% (1/4)" > <conditions>
                                            <condition number = "0" type = "jump" coverage = "50%" />
                                            <condition number = "1" type = "jump" coverage = "0%" /></ conditions>
                                            </ line><line number = "21" hits = "0" branch = "false" /></ lines></ class>
                                            </ classes></ package></ packages></ coverage>) ");
}

TEST(CoverageLines, NameWhatWasNotMeasured) {
  observe::Coverage coverage = sample();
  coverage.missing = {{"a.ko", "has no debug information"}, {"b", "x"}, {"c", "x"}, {"d", "x"}, {"e", "x"}};
  EXPECT_EQ(coverage_lines(coverage),
            (std::vector<std::string>{"coverage: 75 % of lines, 25 % of branches; mine.c 21 never ran",
                                      "coverage: a.ko has no debug information", "coverage: b x", "coverage: c x",
                                      "coverage: 2 more are not measured"}));
}

TEST(CoverageLines, TooFewLinesAreNotRoundedUp) {
  EXPECT_EQ(coverage_shortfall(sample(), 75), "");
  EXPECT_EQ(coverage_shortfall(sample(), 75.01), "3 of 4 lines ran (75.00 %), less than the 75.01 % of --coverage-min");
  EXPECT_NE(coverage_shortfall({}, 1), "") << "what is not known is not enough";
}

TEST(CoverageHtml, ColoursEachLineOfTheSource) {
  const support::ScratchFolder scratch;
  const auto path = scratch.path() / "a.c";
  storage::write_whole_file(path, "int a;\nif (a < 1)\n\tf();\nelse\n\tg();\n");
  observe::Coverage coverage;
  coverage.files[path.string()].lines = {
      {2, {.times = 3, .jumps = {{.taken = 3, .fell = 0}}}}, {3, {.times = 0}}, {5, {.times = 3}}};
  const std::string html = html::render_coverage(coverage).str();
  EXPECT_NE(html.find("    1            int a;\n"), std::string::npos) << html;
  EXPECT_NE(html.find("<span class=\"partly\" title=\"1 of 2 branches\">    2         3  if (a &lt; 1)\n</span>"),
            std::string::npos)
      << html;
  EXPECT_NE(html.find("<span class=\"never\" title=\"\">    3         0  \tf();\n</span>"), std::string::npos) << html;
  EXPECT_NE(html.find("<span class=\"ran\" title=\"\">    5         3  \tg();\n</span>"), std::string::npos) << html;
  EXPECT_EQ(html::render_coverage({}).str(), "");
}

TEST(CoverageHtml, AFileThatIsNotThereHasItsNumbers) {
  const std::string html = html::render_coverage(sample()).str();
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
  finished.coverage = attempt.coverage = std::make_shared<const observe::Coverage>(sample());
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
