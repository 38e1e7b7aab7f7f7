// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "report/formats/markdown_text.hpp"
#include "support/every_outcome.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

constexpr std::size_t kLimitOfGithub = 1 << 20;

std::string summary_of(const std::vector<outcome::Event> &events) {
  const support::ScratchFolder folder;
  const auto file = folder / "summary.md";
  const std::unique_ptr<outcome::Listener> markdown = make_markdown(file, "0.1.0");
  for (const outcome::Event &event : events) markdown->on(event);
  return support::read_file(file);
}

TEST(Markdown, TellsResultsFailuresPlansTimesAndVersions) {
  outcome::RunStarted started{3, 2, "QEMU 10.0.2"};
  outcome::CaseFinished failed = support::finished(support::make_case("a", 2), Outcome::failed, "no such line");
  failed.verdict.evidence.front().expected = "Thread <exiting>";
  failed.took = outcome::Seconds(3);
  EXPECT_EQ(
      summary_of({started, outcome::Notice{"using TCG"}, support::finished(support::make_case("a", 1), Outcome::passed),
                  failed, support::finished(support::make_case("b", 1), Outcome::skipped, "too slow"),
                  support::run_finished({1, 1, 0, 0, 0, 0, 1})}),
      R"(## kmodtest: 1 of 3 cases did not pass

3 cases: 1 passed, 1 failed, 1 skipped in 41.2 s.

### Not passed

<details open><summary><b>Failed</b> <code>a &#91;cpus=2&#93;&#58; no such line</code></summary>

<pre>
Failed a [cpus=2]: no such line
  expected: Thread &lt;exiting&gt;
     again: kmodtest run testplans/a.yaml --case &quot;a [cpus=2]&quot;
     enter: kmodtest shell testplans/a.yaml --case &quot;a [cpus=2]&quot;
</pre>

</details>

<details open><summary>Plans by CPUs</summary>

| plan | 1 CPU | 2 CPUs |
|---|---|---|
| <code>a</code> | passed | **failed** |
| <code>b</code> | skipped | - |

</details>

<details><summary>Slowest cases</summary>

| case | wall time | guest time |
|---|---:|---:|
| <code>a &#91;cpus=2&#93;</code> | 3.000 s | 0.000 s |
| <code>a &#91;cpus=1&#93;</code> | 1.250 s | 0.000 s |

</details>

<details><summary>Notes</summary>

* <code>using TCG</code>

</details>

<code>kmodtest 0&#46;1&#46;0</code> · <code>QEMU 10&#46;0&#46;2</code> · <code>kernel 6&#46;1&#46;0-49-cloud-amd64</code>
)");
}

TEST(Markdown, TheFirstLineSaysWhatTheRunCameTo) {
  const auto first_line = [](const outcome::RunFinished &end, const std::vector<outcome::CaseFinished> &cases) {
    std::vector<outcome::Event> events(cases.begin(), cases.end());
    events.emplace_back(end);
    const std::string text = summary_of(events);
    return text.substr(0, text.find('\n'));
  };
  const outcome::CaseFinished passed = support::finished(support::make_case("a", 1), Outcome::passed);
  EXPECT_EQ(first_line(support::run_finished({1}), {passed}), "## kmodtest: the case passed");
  EXPECT_EQ(first_line(support::run_finished({2}), {passed, passed}), "## kmodtest: all 2 cases passed");
  EXPECT_EQ(first_line(support::run_finished({1}, 3), {passed}), "## kmodtest: 1 of 4 cases passed, none failed");
  EXPECT_EQ(first_line(support::run_finished({1}, 3, true), {passed}), "## kmodtest: interrupted, 3 cases did not run");
  outcome::RunFinished flaky = support::run_finished({0});
  flaky.flaky = 1;
  EXPECT_EQ(first_line(flaky, {support::flaky()[1]}), "## kmodtest: 0 of 1 case passed, none failed");
}

TEST(Markdown, NotesNameTheirCase) {
  const std::string text = summary_of({support::with_note("slow: loading m took 12.0 s"), support::run_finished({1})});
  EXPECT_NE(text.find("<code>ex7&#95;4 &#91;cpus=2&#93;&#58; slow&#58; loading m took 12&#46;0 s</code>"),
            std::string::npos)
      << text;
}

TEST(Markdown, FlakyCasesHaveTheirOwnPart) {
  outcome::RunFinished end = support::run_finished({0});
  end.flaky = 1;
  const std::string text = summary_of({support::flaky()[1], end});
  EXPECT_NE(text.find("### Flaky\n\n* <b>Flaky</b> <code>ex7&#95;1 "), std::string::npos) << text;
  EXPECT_EQ(text.find("### Not passed"), std::string::npos) << text;
}

TEST(Markdown, NothingOfATextIsMarkup) {
  EXPECT_EQ(markdown_code("a|b\n*c* <d> @e"), "<code>a&#124;b &#42;c&#42; &lt;d&gt; &#64;e</code>");
  EXPECT_EQ(markdown_block("</pre>\n\n# x"), "<pre>\n&lt;/pre&gt;\n\n# x</pre>\n");
}

/// Returns a run whose failures need more text than fits on a page.
std::vector<outcome::Event> many_failures(std::size_t number) {
  std::vector<wire::KernelLogLine> log;
  for (int i = 0; i < 30; ++i) log.push_back(support::line(i, std::string(500, '<')));
  std::vector<outcome::Event> events;
  for (std::size_t index = 0; index < number; ++index) {
    outcome::CaseFinished failed =
        support::finished(support::make_case("plan_" + std::to_string(index), 1), Outcome::failed, "x");
    if (index < 100) failed.seen = support::seen(log);
    events.emplace_back(support::numbered(failed, index));
  }
  events.emplace_back(support::run_finished({0, number}));
  return events;
}

TEST(Markdown, StaysBelowTheLimitAndCountsWhatFoundNoPlace) {
  const std::string text = summary_of(many_failures(2000));
  EXPECT_LT(text.size(), kLimitOfGithub);
  EXPECT_GT(text.size(), kLimitOfGithub * 8 / 10);
  const std::size_t note = text.find(" more that did not fit here.");
  ASSERT_NE(note, std::string::npos);
  const std::size_t from = text.rfind("and ", note) + 4;
  std::size_t shown = 0;
  for (std::size_t at = 0; (at = text.find("<b>Failed</b>", at)) != std::string::npos; ++at) ++shown;
  EXPECT_EQ(shown + std::stoul(text.substr(from, note - from)), 2000U);
  EXPECT_NE(text.find("more plans\n"), std::string::npos) << "the table has an end, too";
  EXPECT_NE(text.find("<code>kmodtest 0&#46;1&#46;0</code>"), std::string::npos) << "the last line is there";
}

TEST(Markdown, AnAppendedSummaryCountsWhatIsThere) {
  const support::ScratchFolder folder;
  const auto file = folder / "summary.md";
  const std::string before(600'000, '.');
  std::ofstream(file) << before;
  const std::unique_ptr<outcome::Listener> markdown = make_markdown(file, "0.1.0", true);
  EXPECT_EQ(support::read_file(file), before);
  for (const outcome::Event &event : many_failures(200)) markdown->on(event);
  const std::string text = support::read_file(file);
  EXPECT_EQ(text.substr(0, before.size()), before);
  EXPECT_EQ(text.substr(before.size(), 12), "## kmodtest:");
  EXPECT_LT(text.size(), kLimitOfGithub);
  EXPECT_NE(text.find(" more that did not fit here."), std::string::npos);
}

TEST(Markdown, AFileThatCannotBeWrittenIsToldBeforeTheRun) {
  const support::ScratchFolder folder;
  const auto file = folder / "missing/summary.md";
  for (const bool append : {false, true}) {
    try {
      make_markdown(file, "", append);
      ADD_FAILURE() << "no error";
    } catch (const base::Error &error) {
      EXPECT_EQ(error.what(), "cannot write '" + file.string() + "': No such file or directory");
    }
  }
}

}  // namespace
}  // namespace kmodtest::report
