// SPDX-License-Identifier: GPL-2.0-or-later
// What a run writes for other programs, read by those: the kernel's reader of KTAP, JSON Schema, the schema of JUnit,
// GitHub's Markdown.
#include <csignal>
#include <cstdio>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "e2e/tool.hpp"
#include "report/formats/agent_message_json.hpp"
#include "report/formats/schemas.hpp"
#include "support/every_outcome.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSubsetOf;

struct Said {
  int status = -1;
  std::string text;  ///< standard output, then standard error
};

/// Runs a program of this folder, or of the machine.
Said run(const std::string &command) {
  const support::ScratchFolder folder;
  const auto out = folder / "out";
  const int status = std::system((command + " >'" + out.string() + "' 2>&1").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, support::read_file(out)};
}

std::string script(const std::string &name) {
  return "'" KMODTEST_PYTHON "' -B '" KMODTEST_FORMATS "/" + name + "' ";
}

std::string quoted(const std::filesystem::path &file) {
  return "'" + file.string() + "' ";
}

void write(const std::filesystem::path &file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

void tell(outcome::Listener &listener, const std::vector<outcome::Event> &events) {
  for (const outcome::Event &event : events) listener.on(event);
}

/// What is wrong with a file of JSON lines; empty: nothing.
std::string complaints_of_schema(std::string_view schema, const std::filesystem::path &lines, bool every) {
  const support::ScratchFolder folder;
  write(folder / "schema.json", schema);
  const Said said =
      run(script("json_lines.py") + (every ? "--every " : "") + quoted(folder / "schema.json") + quoted(lines));
  return said.status == 0 ? "" : said.text + "status " + std::to_string(said.status);
}

std::string complaints_of_junit(const std::filesystem::path &file) {
  const Said said = run("xmllint --noout --schema '" KMODTEST_TEST_DATA "/junit/junit.xsd' " + quoted(file));
  return said.status == 0 ? "" : said.text;
}

/// The tree of tests that the kernel's reader finds.
json read_by_the_kernel(const std::filesystem::path &file) {
  const Said said = run(script("ktap.py") + "'" KMODTEST_KUNIT "' " + quoted(file));
  EXPECT_EQ(said.status, 0) << said.text;
  return json::parse(said.text, nullptr, false);
}

/// Results of the tests of a plan, in their order.
std::vector<std::string> results(const json &plan) {
  std::vector<std::string> words;
  for (const json &one : plan.at("tests")) words.push_back(one.at("status"));
  return words;
}

json read_by_github(const std::filesystem::path &file) {
  const Said said = run(script("markdown.py") + quoted(file));
  EXPECT_EQ(said.status, 0) << said.text;
  return json::parse(said.text, nullptr, false);
}

/// Gives a case a step that is worth points; few plans have one.
void give_points(outcome::CaseFinished &finished) {
  auto test_case = std::make_shared<plan::Case>(*finished.test_case);
  test_case->steps.emplace_back().points = 2;
  finished.test_case = test_case;
  finished.verdict.points = 1;
}

std::vector<outcome::Event> with_points(std::vector<outcome::Event> events) {
  for (outcome::Event &event : events) {
    if (auto *finished = std::get_if<outcome::CaseFinished>(&event)) give_points(*finished);
    if (auto *retried = std::get_if<outcome::CaseRetried>(&event)) give_points(retried->attempt);
  }
  return events;
}

TEST(JsonLines, EventsOfEveryKindAreInTheSchemaAndNothingElseIs) {
  const support::ScratchFolder folder;
  tell(*make_json(folder / "events.jsonl", "0.1.0"), with_points(support::every_kind()));
  EXPECT_EQ(complaints_of_schema(events_schema(), folder / "events.jsonl", true), "");
}

TEST(JsonLines, ReportsOfEveryKindAreInTheSchemaAndNothingElseIs) {
  const support::ScratchFolder folder;
  std::string lines = agent_message_json_head() + "\n";
  for (const wire::AgentMessage &report : support::every_report()) lines += agent_message_json(report) + "\n";
  write(folder / "events.jsonl", lines);
  EXPECT_EQ(complaints_of_schema(agent_messages_schema(), folder / "events.jsonl", true), "");
}

TEST(JsonLines, AKeyThatTheSchemaDoesNotNameIsRefused) {
  const support::ScratchFolder folder;
  write(folder / "events.jsonl", R"({"event": "Notice", "text": "x", "at": "2026-01-01T00:00:00.000Z", "more": 1})");
  EXPECT_EQ(complaints_of_schema(events_schema(), folder / "events.jsonl", false),
            "line 1 (Notice): $: Additional properties are not allowed ('more' was unexpected)\nstatus 1");
}

TEST(JsonLines, TheSchemasAreThoseThatAreInstalled) {
  for (const auto &[option, file] :
       {std::pair("--events", "kmodtest-events"), std::pair("--reports", "kmodtest-reports")}) {
    const e2e::Ended ended = e2e::kmodtest({"schema", option});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(ended.out, support::read_file(e2e::source_folder() / "framework/report/formats/schemas" /
                                            (std::string(file) + ".schema.json")));
  }
}

TEST(Junit, OfEveryKindIsInTheSchema) {
  const support::ScratchFolder folder;
  tell(*make_junit(folder / "junit.xml"), support::every_kind());
  EXPECT_EQ(complaints_of_junit(folder / "junit.xml"), "");
  std::vector<outcome::Event> interrupted = support::every_kind();
  interrupted.back() = support::run_finished({1}, 12, true);
  tell(*make_junit(folder / "interrupted.xml"), interrupted);
  EXPECT_EQ(complaints_of_junit(folder / "interrupted.xml"), "");
}

TEST(Ktap, TheKernelsReaderFindsEveryResult) {
  const support::ScratchFolder folder;
  const auto file = folder / "results.ktap";
  tell(*make_ktap(file, support::every_case(), 1, "0.1.0"), support::every_kind());
  const json found = read_by_the_kernel(file);
  ASSERT_TRUE(found.is_object());
  EXPECT_EQ(found.at("errors"), 0) << found.dump(1);
  const json &plans = found.at("tests");
  ASSERT_EQ(plans.size(), 6U) << found.dump(1);
  EXPECT_EQ(plans[0].at("name"), "a works");
  EXPECT_EQ(plans[0].at("tests")[2].at("name"), "a [cpus=4]");
  EXPECT_THAT(results(plans[0]), ElementsAre("SUCCESS", "FAILURE", "FAILURE"));
  EXPECT_THAT(results(plans[1]), ElementsAre("FAILURE", "FAILURE", "FAILURE", "SKIPPED"));
  EXPECT_THAT(results(plans[2]), ElementsAre("SKIPPED"));
  EXPECT_THAT(results(plans[3]), ElementsAre("SUCCESS", "SUCCESS", "FAILURE"));
  EXPECT_THAT(results(plans[4]), ElementsAre("FAILURE"));
  EXPECT_THAT(results(plans[5]), ElementsAre("SKIPPED")) << "it did not run";
  std::vector<std::string> of_plans;
  for (const json &plan : plans) of_plans.push_back(plan.at("status"));
  EXPECT_THAT(of_plans, ElementsAre("FAILURE", "FAILURE", "SKIPPED", "FAILURE", "FAILURE", "SKIPPED"));
}

TEST(Ktap, AFileThatBreaksOffIsNoPass) {
  const support::ScratchFolder folder;
  const auto file = folder / "results.ktap";
  std::vector<outcome::Event> events = support::every_kind();
  events.erase(events.end() - 4, events.end());  // the run was killed before its first two cases came
  tell(*make_ktap(file, support::every_case(), 1, "0.1.0"), events);
  const json found = read_by_the_kernel(file);
  EXPECT_EQ(found.at("status"), "TEST_CRASHED") << found.dump(1);
}

TEST(Markdown, IsOnlyWhatItIsMeantToBe) {
  const support::ScratchFolder folder;
  const auto file = folder / "summary.md";
  tell(*make_markdown(file, "0.1.0"), support::every_kind());
  const json page = read_by_github(file);
  ASSERT_TRUE(page.is_object());
  EXPECT_THAT(page.at("elements").get<std::vector<std::string>>(),
              IsSubsetOf({"h2", "h3", "p", "details", "summary", "pre", "code", "b", "strong", "table", "thead",
                          "tbody", "tr", "th", "td", "ul", "li"}));
  EXPECT_THAT(page.at("attributes").get<std::vector<std::string>>(), IsSubsetOf({"open", "align"}));
  EXPECT_THAT(page.at("unbalanced").get<std::vector<std::string>>(), IsEmpty());
  const std::string outside = page.at("outside");
  for (const char *word : {"@everyone", "alert", "example.test", "tada", "SKIP"}) {
    EXPECT_EQ(outside.find(word), std::string::npos) << word << " is outside of code in\n" << outside;
  }
  bool whole = false;
  for (const json &code : page.at("code")) {
    whole |= code.get<std::string>().find(
                 "</pre></code></details>]]><script>alert(1)</script> & &amp; <!-- @everyone") != std::string::npos;
  }
  EXPECT_TRUE(whole) << "what the guest said is not there as it said it";
}

/// One real run that writes everything at once.
TEST(AllAtOnce, ARealRunIsReadByAll) {
  const support::ScratchFolder folder;
  const auto at = [&](const char *name) { return (folder / name).string(); };
  const e2e::Ended ended = e2e::kmodtest({"run",
                                          e2e::source_folder() / "testplans/ex7_1.yaml",
                                          e2e::test_plan("wrong_line"),
                                          e2e::test_plan("oopses_in_init"),
                                          e2e::test_plan("skipped"),
                                          "--modules",
                                          e2e::faulty_modules(),
                                          "--cpus",
                                          "2",
                                          "--trace",
                                          "--json",
                                          at("events.jsonl"),
                                          "--junit",
                                          at("junit.xml"),
                                          "--ktap",
                                          "-",
                                          "--markdown",
                                          at("summary.md"),
                                          "--html",
                                          at("report.html"),
                                          "--out",
                                          at("out")},
                                         {{"GITHUB_STEP_SUMMARY", at("other.md")}});
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("4 cases: 1 passed, 1 failed, 1 crashed, 1 skipped")) << "the console";
  write(folder / "results.ktap", ended.out);
  const json found = read_by_the_kernel(folder / "results.ktap");
  EXPECT_EQ(found.at("errors"), 0) << found.dump(1);
  std::map<std::string, std::string> of_plans;
  for (const json &plan : found.at("tests")) {
    const json &one = plan.at("tests").at(0);
    of_plans[one.at("name")] = one.at("status");
  }
  EXPECT_EQ(of_plans, (std::map<std::string, std::string>{{"ex7_1 [cpus=2]", "SUCCESS"},
                                                          {"wrong_line [cpus=2]", "FAILURE"},
                                                          {"oopses_in_init [cpus=2]", "FAILURE"},
                                                          {"skipped [cpus=2]", "SKIPPED"}}));
  EXPECT_EQ(complaints_of_schema(events_schema(), folder / "events.jsonl", false), "");
  EXPECT_EQ(complaints_of_junit(folder / "junit.xml"), "");
  for (const json &event : e2e::finished_cases(folder / "events.jsonl")) {
    if (event.at("outcome") == "skipped") continue;
    const std::filesystem::path reports = event.at("artifacts").get<std::string>() + "/events.jsonl";
    EXPECT_EQ(complaints_of_schema(agent_messages_schema(), reports, false), "") << event.at("id");
  }
  const json page = read_by_github(folder / "summary.md");
  EXPECT_THAT(page.at("unbalanced").get<std::vector<std::string>>(), IsEmpty());
  EXPECT_THAT(page.at("outside").get<std::string>(), HasSubstr("kmodtest: 2 of 4 cases did not pass"));
}

TEST(StepSummary, IsAppendedToAndAnyOtherFileIsWrittenAnew) {
  const support::ScratchFolder folder;
  const auto summary = folder / "step.md", other = folder / "other.md";
  write(summary, "of an earlier command\n");
  write(other, "of an earlier run\n");
  for (const auto &file : {summary, other}) {
    const e2e::Ended ended = e2e::kmodtest(
        {"run", e2e::test_plan("skipped"), "--modules", e2e::faulty_modules(), "--markdown", file, "--cpus", "1"},
        {{"GITHUB_STEP_SUMMARY", summary}});
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  }
  EXPECT_EQ(support::read_file(summary).rfind("of an earlier command\n## kmodtest: ", 0), 0U)
      << support::read_file(summary);
  EXPECT_EQ(support::read_file(other).rfind("## kmodtest: ", 0), 0U) << support::read_file(other);
}

TEST(StandardOutput, IsForOneReport) {
  const e2e::Ended ended = e2e::kmodtest({"run", e2e::test_plan("skipped"), "--modules", e2e::faulty_modules(),
                                          "--cpus", "1", "--ktap", "-", "--json", "/dev/stdout"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.err,
            "kmodtest: error[K0104]: --ktap and --json cannot both go to standard output\n"
            "  hint: name a file for one of them\n  more: kmodtest explain K0104\n");
}

TEST(StandardOutput, ThatNobodyReadsAnyMoreIsAnError) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  std::fflush(stdout);
  const int before = ::dup(STDOUT_FILENO);
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  ::dup2(ends[1], STDOUT_FILENO);
  std::string what, hint;
  try {
    tell(*make_junit("-"), support::every_kind());
  } catch (const base::Error &error) {
    what = error.what();
    hint = error.hint();
  }
  ::dup2(before, STDOUT_FILENO);
  std::signal(SIGPIPE, handler);
  for (const int each : {ends[1], before}) ::close(each);
  EXPECT_EQ(what, "cannot write to standard output: Broken pipe");
  EXPECT_EQ(hint, "the program that reads it ended before the run");
}

}  // namespace
}  // namespace kmodtest::report
