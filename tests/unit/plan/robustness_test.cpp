// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>
#include <string>

#include "plan_text.hpp"

namespace kmodtest::plan {
namespace {

using Strings = std::vector<std::string>;

TEST(Diagnostic, ShowsTheLineAndACaret) {
  const ParseResult result = parse_plan_text("module: alpha\nsteps: [load]\nguest:\n    memroy: 1G\n",
                                             std::string(KMODTEST_TEST_DATA) + "/plans/p.yaml");
  ASSERT_EQ(result.diagnostics.size(), 1u);
  Diagnostic diagnostic = result.diagnostics[0];
  diagnostic.where.file = "p.yaml";
  EXPECT_EQ(diagnostic.str(),
            "p.yaml:4:5: error[K0206]: unknown key 'memroy' (did you mean 'memory'?)\n"
            "   4 |       memroy: 1G\n"
            "     |       ^~~~~~\n");
}

TEST(Diagnostic, CountsCharactersNotBytes) {
  const ParseResult result =
      parse("description: ± ± ±\ntags: {a: b}\n" + with_steps("  - dmesg: {absent: ±±, fro: 1s}\n"));
  ASSERT_EQ(result.diagnostics.size(), 2u);
  EXPECT_EQ(result.diagnostics[1].where.column, 25);
}

TEST(Diagnostic, ShowsNoRawBytes) {
  const auto parsed = parse_plan_text("module:\t\x1b[31m\xff\n", "p.yaml", {});
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].str(),
            "p.yaml:1:9: error[K0202]: byte 0x1b does not belong in a text file (a plan is UTF-8 text)\n"
            "   1 |   module: \\x1b[31m\\xff\n"
            "     |           ^\n");
}

TEST(Diagnostic, AFileAsAWholeHasNoLine) {
  const Diagnostic diagnostic = parse("").diagnostics.at(0);
  EXPECT_EQ(diagnostic.str(),
            diagnostic.where.file + ": error[K0203]: the plan is empty (a plan needs at least 'module' and 'steps')\n");
}

TEST(Diagnostic, ALongLineIsShownAroundThePlace) {
  const ParseResult result = parse("description: {" + std::string(5000, 'x') + ": [" + std::string(5000, 'y') + "]}\n" +
                                   with_steps("  - load\n"));
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_LT(result.diagnostics[0].str().size(), 700u);
}

TEST(Robustness, AllErrorsAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(complaints("tmeout: 1s\nmodule: alhpa\nguest: {cpus: 0}\nsteps:\n  - laod\n"),
            (Strings{"1:1: unknown key 'tmeout' (did you mean 'timeout'?)",
                     "2:9: unknown module 'alhpa' (looked for ./alhpa.ko, ./alhpa, ./modules/alhpa, ../modules/alhpa)",
                     "3:15: a guest has from 1 to 64 CPUs, not 0", "5:5: unknown step 'laod' (did you mean 'load'?)"}));
}

TEST(Robustness, ErrorsEndSomewhere) {
  std::string steps;
  for (int i = 0; i < 500; ++i) steps += "  - laod\n";
  EXPECT_EQ(complaints(with_steps(steps)).size(), 100u);
}

TEST(Robustness, DeepNesting) {
  EXPECT_EQ(complaints("a: " + std::string(65, '[') + std::string(65, ']')),
            Strings{"1:67: the plan is nested more than 64 levels deep"});
  EXPECT_EQ(complaints("a: " + std::string(100'000, '[')).size(), 1u);
  std::string maps = "a: ";
  for (int i = 0; i < 10'000; ++i) maps += "{a: ";
  EXPECT_EQ(complaints(maps).size(), 1u);
}

TEST(Robustness, AliasBomb) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string name = "a" + std::to_string(i), before = "*a" + std::to_string(i - 1);
    text += name + ": &" + name + " [";
    for (int k = 0; k < 10; ++k) text += (k == 0 ? "" : ", ") + before;
    text += "]\n";
  }
  const std::string complaint = complaints(text).at(0);
  EXPECT_EQ(complaint.substr(complaint.find(": ")), ": the aliases of this plan unfold to too much");
}

TEST(Robustness, AliasesWork) {
  const Plan plan = good("module: alpha\nsteps:\n  - load: &l {params: {a: 1}}\n  - unload\n  - load: *l\n");
  EXPECT_EQ(plan.cases.at(0).steps.size(), 4u);
}

TEST(Robustness, LargeFile) {
  EXPECT_EQ(complaints(std::string((1u << 20) + 1, '#')),
            Strings{"0:0: the file has more than 1024 KiB, too much for a plan"});
}

TEST(Robustness, TooManyCases) {
  std::string values;
  for (int i = 0; i < 100; ++i) values += (i == 0 ? "" : ", ") + std::to_string(i);
  EXPECT_EQ(complaints("matrix: {a: [" + values + "], b: [" + values + "]}\n" + with_steps("  - load\n")),
            Strings{"1:405: the matrix has more than 4096 cases"});
}

TEST(Robustness, CrlfAndByteOrderMark) {
  EXPECT_EQ(good("\xEF\xBB\xBFmodule: alpha\r\nsteps:\r\n  - load\r\n").cases.at(0).steps.at(0).source, "  - load");
}

TEST(Robustness, OddPieces) {
  for (const char *text : {"%",
                           "? ",
                           "!!map",
                           "&",
                           "*",
                           "*x",
                           "---",
                           "...",
                           "- - -",
                           "{",
                           "}",
                           "\"",
                           "'",
                           "|",
                           ">",
                           "!<",
                           ": :",
                           "%YAML 9.9\n---\n",
                           "%TAG\n",
                           "a: !!binary x",
                           "<<: *x",
                           "? [a]\n: b",
                           "\r",
                           "a: |9\n x",
                           "a: \"\\xZZ\"",
                           "a: \"\\uD800\"",
                           "steps: [{? }]",
                           "module: {path: }",
                           "guest: {numa: [{}]}",
                           "matrix: {a: ~}"}) {
    const ParseResult result = parse(text);
    EXPECT_FALSE(result.plan.has_value()) << text;
    EXPECT_FALSE(result.diagnostics.empty()) << text;
    for (const Diagnostic &d : result.diagnostics) EXPECT_FALSE(d.str().empty());
  }
}

}  // namespace
}  // namespace kmodtest::plan
