// SPDX-License-Identifier: GPL-2.0-or-later
// Every log of tests/data/dmesg that starts with "# " states what must be found in it:
//
// # module: faulty_wild
// # report: crash page fault in ex_init+0x1c [faulty_wild]
//
// Every row of the catalogue has such a log, or one of the recorded ones in reports_test.cpp.
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <sstream>

#include "observe/reports/reports.hpp"
#include "observe/reports/reports_catalogue.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::observe {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> logs(bool of_themselves) {
  std::vector<fs::path> files;
  for (const auto &entry : fs::directory_iterator(KMODTEST_TEST_DATA "/dmesg")) {
    if (entry.path().extension() != ".log") continue;
    if (!of_themselves || support::read_file(entry.path()).starts_with("# ")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Returns the texts after "# KEY: " in the lines of a log's head.
std::vector<std::string> values(const std::string &log, const std::string &key) {
  std::vector<std::string> found;
  std::istringstream lines(log);
  const std::string start = "# " + key + ": ";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(start)) found.push_back(line.substr(start.size()));
  }
  return found;
}

const char *class_name(ReportClass report_class) {
  switch (report_class) {
    case ReportClass::crash:
      return "crash";
    case ReportClass::stall:
      return "stall";
    case ReportClass::leftover:
      return "leftover";
  }
  return "none";
}

class Log : public testing::TestWithParam<fs::path> {};

TEST_P(Log, HoldsTheReportsThatItsHeadNames) {
  const std::string text = support::read_file(GetParam());
  std::vector<std::string> found;
  for (const auto &report : find_reports(parse_console(text), values(text, "module"))) {
    found.push_back(std::string(class_name(report.report_class)) + " " + describe(report));
  }
  EXPECT_EQ(found, values(text, "report"));
}

INSTANTIATE_TEST_SUITE_P(Written, Log, testing::ValuesIn(logs(true)), [](const auto &file) {
  std::string name = file.param.stem();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

class Row : public testing::TestWithParam<std::size_t> {};

TEST_P(Row, HasALog) {
  const Signature &row = signatures()[GetParam()];
  for (const auto &file : logs(false)) {
    if (row.harmless) {
      const auto log = parse_console(support::read_file(file));
      if (std::any_of(log.begin(), log.end(), [&](const auto &line) { return find_signature(line) == &row; })) return;
      continue;
    }
    for (const auto &report : find_reports(parse_console(support::read_file(file)), {})) {
      const auto opens = std::find_if(report.lines.begin(), report.lines.end(),
                                      [](const wire::KernelLogLine &line) { return find_signature(line) != nullptr; });
      if (opens != report.lines.end() && find_signature(*opens) == &row) return;
    }
  }
  FAIL() << "no log of tests/data/dmesg opens with '" << row.text << "' … '" << row.also << "'";
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Row, testing::Range(std::size_t{0}, signatures().size()));

// Each line of two interleaved reports is in its own report as far as the text allows.
TEST(Interleaved, ReportsHaveTheirOwnRegistersAndFrames) {
  for (const char *name : {"interleaved-callers-7.2", "interleaved-6.1"}) {
    const auto reports = find_reports(
        parse_console(support::read_file(std::string(KMODTEST_TEST_DATA "/dmesg/") + name + ".log")), {"faulty_race"});
    ASSERT_EQ(reports.size(), 2u) << name;
    for (const auto &report : reports) {
      const std::string own = report.where.substr(0, report.where.find('+'));
      const std::string other = own == "ex_left" ? "ex_right" : "ex_left";
      std::size_t naming = 0;
      for (const auto &line : report.lines) {
        EXPECT_EQ(line.text.find(other), std::string::npos) << name << ": " << line.text;
        if (line.text.find(own) != std::string::npos) ++naming;
      }
      EXPECT_EQ(naming, 3u) << name;  // WARNING, CPU, RIP
      EXPECT_TRUE(is_complete(report)) << name;
    }
    // Frames in the kernel alone could belong to either.
    EXPECT_EQ(reports[0].lines.size() + reports[1].lines.size(), 30u) << name;
  }
}

TEST(SlabReport, KeepsItsStackAndLittleOfTheMemory) {
  std::vector<wire::KernelLogLine> log;
  const auto say = [&](std::string text) { log.push_back({log.size(), 4, 0, {}, "", std::move(text)}); };
  say("BUG kmalloc-2k (Tainted: G           OE     ): Poison overwritten");
  for (int i = 0; i < 300; ++i)
    say("Padding  ffff888005ddc604: 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a  ZZZZZZZZZZZZZZZZ");
  say("CPU: 0 PID: 77 Comm: insmod");
  say("Call Trace:");
  say(" <TASK>");
  say(" ex_init+0x53/0x1000 [ex]");
  say(" </TASK>");
  const auto reports = find_reports(log, {"ex"});
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(describe(reports[0]), "slab corruption in ex_init+0x53 [ex]");
  EXPECT_EQ(reports[0].lines.size(), 22u);
  EXPECT_TRUE(is_complete(reports[0]));
}

TEST(GoneCode, HasItsModuleByTheAddress) {
  const auto frame = [](std::string text) { return wire::KernelLogLine{1, 4, 0, {}, "", std::move(text)}; };
  const std::vector<wire::KernelLogLine> log = {frame("BUG: unable to handle page fault for address: ffffffffc0201034"),
                                                frame("Oops: 0010 [#1] PREEMPT SMP NOPTI"),
                                                frame("RIP: 0010:0xffffffffc0201034"),
                                                frame("Code: Unable to access opcode bytes at 0xffffffffc020100a."),
                                                frame("Call Trace:"),
                                                frame(" kthread+0xd7/0x100"),
                                                frame("---[ end trace 0000000000000000 ]---")};
  const std::vector<ModuleRange> loaded = {{"another", 0xffffffffc0100000, 16384}, {"gone", 0xffffffffc0201000, 16384}};
  const auto reports = find_reports(log, {"gone"}, loaded);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(describe(reports[0]), "page fault in 0xffffffffc0201034 [gone]");
  EXPECT_EQ(describe(find_reports(log, {"gone"})[0]), "page fault in 0xffffffffc0201034");
}

TEST(BareAddress, IsThatOfRipOrOfAFrame) {
  EXPECT_EQ(parse_bare_address("RIP: 0010:0xffffffffc0201034"), 0xffffffffc0201034u);
  EXPECT_EQ(parse_bare_address(" 0xffffffffc0201034"), 0xffffffffc0201034u);
  for (const char *text : {" ? 0xffffffffc0201034", "RIP: 0010:ex+0x1/0x2 [ex]", " 0xzz", "0xffffffffc0201034",
                           " 0xffffffffc0201034/0x20"}) {
    EXPECT_EQ(parse_bare_address(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace kmodtest::observe
