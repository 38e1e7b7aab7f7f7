// SPDX-License-Identifier: GPL-2.0-or-later
// Which lines of a module ran, against a module whose lines are known; and that measuring changes nothing.
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

const fs::path kCoveredTree = KMODTEST_SOURCE;
const fs::path kCoveredModule = kCoveredTree / "modules/healthy/covered/covered.c";

/// The records of a tracefile's only file.
struct Tracefile {
  std::map<int, long> lines;                                   ///< DA
  std::map<int, std::map<std::string, std::string>> branches;  ///< BRDA: "block,branch" → count
  std::map<std::string, long> functions;                       ///< FNDA
  std::map<std::string, long> totals;                          ///< LF, LH, BRF, BRH, FNF, FNH
  std::string file;
  bool whole = false;
};

/// Reads it strictly: each line is a record of the format.
Tracefile read_tracefile(const fs::path &path) {
  Tracefile found;
  std::istringstream text(read_file(path));
  for (std::string line; std::getline(text, line);) {
    const std::size_t colon = line.find(':');
    const std::string kind = line.substr(0, colon), rest = colon == std::string::npos ? "" : line.substr(colon + 1);
    const std::size_t comma = rest.find(',');
    const auto after = [&] { return rest.substr(comma + 1); };
    if (kind == "SF") {
      EXPECT_EQ(found.file, "");
      found.file = rest;
    } else if (kind == "DA") {
      EXPECT_TRUE(found.lines.emplace(std::stoi(rest), std::stol(after())).second) << line;
    } else if (kind == "BRDA") {
      const std::size_t last = rest.rfind(',');
      found.branches[std::stoi(rest)][rest.substr(comma + 1, last - comma - 1)] = rest.substr(last + 1);
    } else if (kind == "FNDA") {
      found.functions[after()] = std::stol(rest);
    } else if (kind == "LF" || kind == "LH" || kind == "BRF" || kind == "BRH" || kind == "FNF" || kind == "FNH") {
      found.totals[kind] = std::stol(rest);
    } else if (kind == "end_of_record") {
      found.whole = true;
    } else {
      EXPECT_TRUE(line == "TN:" || kind == "FN") << line;
    }
  }
  return found;
}

/// Returns the numbers of the module's lines that end with this comment.
std::vector<int> lines_with(const std::string &comment) {
  std::vector<int> found;
  std::istringstream text(read_file(kCoveredModule));
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.ends_with("/* " + comment + " */")) found.push_back(number);
  }
  EXPECT_FALSE(found.empty()) << comment;
  return found;
}

void expect_ran(const Tracefile &trace, const std::string &comment, bool ran) {
  for (const int number : lines_with(comment)) {
    const auto line = trace.lines.find(number);
    ASSERT_NE(line, trace.lines.end()) << kCoveredModule << ':' << number << " has no instructions";
    EXPECT_EQ(line->second > 0, ran) << kCoveredModule << ':' << number << ' ' << comment;
  }
}

std::map<std::string, std::string> digests_of(const fs::path &json) {
  std::map<std::string, std::string> digests;
  for (const auto &each : finished_cases(json)) digests[each.at("id")] = each.at("digest");
  return digests;
}

class CoverageRun : public testing::Test {
 protected:
  Ended run(std::vector<std::string> options) const {
    options.insert(options.begin(), {"run"});
    options.insert(options.end(), {"--coverage", folder_, "--cpus", "2", "--json", json_});
    return kmodtest(options);
  }
  Tracefile trace() const { return read_tracefile(folder_ / "coverage.info"); }

  const ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path() / "coverage", json_ = scratch_.path() / "events.jsonl";
};

TEST_F(CoverageRun, KnowsTheLinesOfTwoCases) {
  const Ended ended = run({kCoveredTree / "testplans/healthy/covered.yaml", "--html", scratch_.path() / "page.html"});
  ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  const Tracefile trace = this->trace();
  EXPECT_TRUE(trace.whole);
  EXPECT_TRUE(trace.file.ends_with("modules/healthy/covered/covered.c")) << trace.file;
  for (const char *comment : {"always", "with 1", "without 1", "without 2"}) expect_ran(trace, comment, true);
  for (const char *comment : {"never", "with 2"}) expect_ran(trace, comment, false);
  EXPECT_EQ(trace.functions, (std::map<std::string, long>{
                                 {"covered_init", 2}, {"covered_exit", 2}, {"never_called", 0}, {"runs_twice", 4}}));
  const int first = lines_with("always")[2], second = lines_with("always")[3];
  EXPECT_EQ(trace.branches.at(first), (std::map<std::string, std::string>{{"0,0", "1"}, {"0,1", "1"}}));
  const auto &one_way = trace.branches.at(second);
  EXPECT_EQ((std::multiset<std::string>{one_way.at("0,0"), one_way.at("0,1")}), (std::multiset<std::string>{"0", "2"}));
  EXPECT_EQ(trace.totals.at("LF"), static_cast<long>(trace.lines.size()));
  EXPECT_NE(ended.out.find("coverage: "), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find(" never ran"), std::string::npos) << ended.out;
  EXPECT_NE(read_file(folder_ / "cobertura.xml").find("filename=\""), std::string::npos);
  EXPECT_NE(read_file(scratch_.path() / "page.html").find("class=\"never\""), std::string::npos);
}

TEST_F(CoverageRun, MeasuresAModuleThatRefusesToLoad) {
  const Ended ended =
      run({kCoveredTree / "testplans/healthy/covered_refuses.yaml", "--coverage-min", "99", "--no-progress"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("1 passed"), std::string::npos) << ended.out;
  EXPECT_NE(ended.err.find("less than the 99 % of --coverage-min"), std::string::npos) << ended.err;
  const Tracefile trace = this->trace();
  for (const char *comment : {"always", "with 2", "without 1"}) expect_ran(trace, comment, true);
  for (const char *comment : {"never", "with 1", "without 2"}) expect_ran(trace, comment, false);
  EXPECT_EQ(trace.functions.at("runs_twice"), 2);
}

TEST_F(CoverageRun, ChangesNoDigest) {
  const fs::path plain = scratch_.path() / "plain.jsonl";
  const std::vector<std::string> plans = {kCoveredTree / "testplans/ex7_3.yaml",
                                          kCoveredTree / "testplans/healthy/covered.yaml"};
  ASSERT_EQ(run(plans).exit_code, 0);
  std::vector<std::string> again = {"run", "--cpus", "2", "--json", plain};
  again.insert(again.end(), plans.begin(), plans.end());
  ASSERT_EQ(kmodtest(again).exit_code, 0);
  EXPECT_EQ(digests_of(plain), digests_of(json_));
  EXPECT_EQ(digests_of(plain).size(), 3);
}

TEST_F(CoverageRun, AModuleWithoutDebugInformationSaysHowToGetIt) {
  fs::copy(kCoveredModule.parent_path(), scratch_.path() / "covered");
  scratch_.write("covered/Kbuild", "obj-m := covered.o\nccflags-y += -g0\n");
  const fs::path plan = scratch_.write("plain.yaml", "module: covered\nsteps: [load, unload]\n");
  const Ended ended = run({plan, "--coverage-min", "1"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("coverage: covered.ko has no debug information: build it with -g"), std::string::npos)
      << ended.out;
  EXPECT_NE(ended.err.find("no line was measured"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace kmodtest::e2e
