// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "support/sample_case.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using nlohmann::json;

std::vector<json> lines_after(const std::vector<outcome::Event> &events) {
  const support::ScratchFolder folder;
  const auto file = folder / "events.jsonl";
  const std::unique_ptr<outcome::Listener> listener = make_json(file, "0.1.0");
  for (const outcome::Event &event : events) listener->on(event);
  // Read while the listener exists: every line is there as soon as its event has occurred.
  std::vector<json> lines;
  std::istringstream text(support::read_file(file));
  for (std::string line; std::getline(text, line);) {
    json object = json::parse(line);
    EXPECT_EQ(object.value("at", "").size(), lines.empty() ? 0U : 24U);
    object.erase("at");
    lines.push_back(object);
  }
  return lines;
}

TEST(Json, OneObjectALineAndTheSchemaFirst) {
  const auto test_case = support::make_case("ex7_4", 2);
  const std::vector<json> lines =
      lines_after({outcome::RunStarted{1, 2, "QEMU", 3, 18446744073709551615U}, outcome::Notice{"using TCG"},
                   outcome::CaseStarted{test_case}, outcome::Tick{}, outcome::CaseProgress{test_case, "booting", 2},
                   support::run_finished({1, 0, 0, 0, 0, 0, 0}, 3, true)});
  const std::vector<json> expected = {
      json::parse(R"({"schema": "kmodtest-events", "version": 1, "kmodtest": "0.1.0"})"),
      json::parse(R"({"event": "RunStarted", "cases": 1, "repeats": 3, "shuffle_seed": 18446744073709551615,
                      "workers": 2, "hypervisor": "QEMU"})"),
      json::parse(R"({"event": "Notice", "text": "using TCG"})"),
      json::parse(R"({"event": "CaseStarted", "id": "ex7_4 [cpus=2]", "plan": "ex7_4 works", "repeat": 1})"),
      json::parse(R"({"event": "CaseProgress", "id": "ex7_4 [cpus=2]", "plan": "ex7_4 works", "repeat": 2,
                      "what": "booting"})"),
      json::parse(R"({"event": "RunFinished", "took": 41.2, "interrupted": true, "not_run": 3,
                      "outcomes": {"passed": 1, "flaky": 0, "failed": 0, "crashed": 0, "hung": 0, "leaked": 0, "errored": 0,
                                   "skipped": 0}})")};
  EXPECT_EQ(lines, expected);
}

TEST(Json, AnErrorOfOursHasItsCode) {
  outcome::CaseFinished finished =
      support::finished(support::make_case("ex7_4", 1), judge::Outcome::errored, "the guest's QEMU ended");
  finished.verdict.evidence.front().code = base::Code::guest_gone;
  EXPECT_EQ(lines_after({finished}).at(1).at("evidence").at(0).at("code"), "K0803");
}

TEST(Json, AFinishedCaseHasItsEvidenceAndItsLog) {
  outcome::CaseFinished finished = support::full_failure();
  plan::Case with_module = *finished.test_case;
  with_module.modules = {{.path = "modules/ex7_4", .name = "ex7_4", .where = {}}};
  finished.test_case = std::make_shared<const plan::Case>(with_module);
  finished.artifacts = "out/ex7_4";
  finished.seen = support::seen({support::marker(1, "step 1: load"), support::line(1500, "stray \xff byte")});
  finished.verdict.evidence.front().details = {};
  finished.verdict.evidence.front().trace = {"#0 ex_stop+0x4 [ex7_4]  ex7_4.c:12  kthread_stop(t);"};
  const std::vector<json> lines = lines_after({finished});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1], json::parse(R"({
    "event": "CaseFinished", "id": "ex7_4 [cpus=2 cpu=1]", "plan": "ex7_4 works", "file": "testplans/ex7_4.yaml",
    "point": {"cpus": "2", "kernel": "debian-6.1-cloud"}, "repeat": 1, "attempt": 1, "outcome": "failed", "skip_reason": "", "notes": [],
    "tests": [], "as_expected": null, "evidence": [{"summary": "'Thread exiting' did not appear within 5 s", "step": 5, "file": "testplans/ex7_4.yaml",
                  "line": 11, "column": 24, "source": "  - dmesg: {in_order: [Thread exiting, Exiting!]}",
                  "expected": "Thread exiting", "seen": "Thread exitting\n            ^", "details": [],
                  "trace": ["#0 ex_stop+0x4 [ex7_4]  ex7_4.c:12  kthread_stop(t);"],
                  "hint": "the module says something similar: is the text right?", "code": null}],
    "kernel": "6.1.0-49-cloud-amd64", "modules": ["ex7_4"], "digest": null, "took": 1.25,
    "timings": {"build": 0.0, "start": 0.0, "boot": 0.0, "restore": 0.0, "push": 0.0, "steps": 0.0, "stop": 0.0, "guest": 0.0},
    "log": [{"time": 1.5, "level": 6, "text": "stray \ufffd byte"}], "artifacts": "out/ex7_4"})"));
}

TEST(Json, APassThatWasExpectedToGoWrongSaysWhatCame) {
  const std::vector<json> lines = lines_after({support::passed_as_expected()});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].at("outcome"), "passed");
  EXPECT_EQ(lines[1].at("as_expected"), "Crashed: divide error in ex_div+0x8 [ex7_4]");
  EXPECT_EQ(lines[1].at("evidence").at(0).at("summary"), "divide error in ex_div+0x8 [ex7_4]");
}

TEST(Json, AFlakyCaseIsNeverCalledPassed) {
  const std::vector<outcome::CaseFinished> attempts = support::flaky();
  outcome::RunFinished end = support::run_finished({0});
  end.flaky = 1;
  const std::vector<json> lines = lines_after({outcome::CaseRetried{attempts[0], 3}, attempts[1], end});
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1].at("event"), "CaseRetried");
  EXPECT_EQ(lines[1].at("outcome"), "hung");
  EXPECT_EQ(lines[1].at("attempt"), 1);
  EXPECT_EQ(lines[1].at("attempts"), 3);
  EXPECT_EQ(lines[1].at("evidence").at(0).at("summary"), "soft lockup");
  EXPECT_EQ(lines[2].at("event"), "CaseFinished");
  EXPECT_EQ(lines[2].at("outcome"), "flaky");
  EXPECT_EQ(lines[2].at("attempt"), 2);
  EXPECT_EQ(lines[3].at("outcomes").at("flaky"), 1);
  EXPECT_EQ(lines[3].at("outcomes").at("passed"), 0);
}

TEST(Json, AFullDiskIsAnError) {
  try {
    make_json("/dev/full");
    FAIL() << "no error";
  } catch (const base::Error &error) {
    EXPECT_STREQ(error.what(), "cannot write '/dev/full': No space left on device");
    EXPECT_EQ(error.hint(), "free some space there, or name a file elsewhere");
  }
}

}  // namespace
}  // namespace kmodtest::report
