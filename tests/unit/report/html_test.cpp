// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "report/html/assets.hpp"
#include "report/html/case_data.hpp"
#include "report/html/case_entry.hpp"
#include "report/html/log_view.hpp"
#include "report/html/markup.hpp"
#include "report/html/matrix.hpp"
#include "report/html/packed.hpp"
#include "report/html/threads.hpp"
#include "report/listeners.hpp"
#include "support/sample_case.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using support::finished;
using support::make_case;

/// Returns whether a page contains `part`: pages are too long for a matcher to print.
testing::AssertionResult has(const std::string &page, const std::string &part) {
  if (page.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "not there: " << part;
}

/// Returns the listener's page for these cases.
std::string page_of(const std::vector<outcome::CaseFinished> &cases, std::size_t announced = 0) {
  const support::ScratchFolder folder;
  const auto listener = make_html(folder / "report.html", "1.2.3");
  outcome::RunStarted started;
  started.cases = announced == 0 ? cases.size() : announced;
  started.hypervisor = "qemu:///embed, QEMU 10.0.2";
  listener->on(started);
  std::size_t number = 0;
  for (outcome::CaseFinished each : cases) {
    each.number = number++;
    listener->on(each);
  }
  listener->on(support::run_finished({cases.size()}));
  return support::read_file(folder / "report.html");
}

std::string unpacked(const std::string &base64) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned group = 0;
  int bits = 0;
  for (const char letter : base64) {
    if (letter == '=') break;
    group = group << 6 | static_cast<unsigned>(kDigits.find(letter));
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xff);
  }
  z_stream stream{};
  inflateInit2(&stream, -15);
  std::string text(10'000'000, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef *>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

observe::SchedRun run_on(int cpu, long from_us, long to_us) {
  observe::SchedRun run;
  run.cpu = cpu;
  run.begin = microseconds(from_us);
  run.end = microseconds(to_us);
  run.left = 'S';
  return run;
}

/// Returns a timeline of a thread that ran 3 ms on CPU 1, a worker of the kernel, and a CPU that went offline.
observe::SchedTimeline timeline() {
  observe::SchedTimeline sched;
  sched.begin = milliseconds(5000);
  sched.end = milliseconds(5100);
  sched.cpus = 2;
  observe::SchedThread thread;
  thread.pid = 71;
  thread.name = "ex7_4";
  thread.begin = milliseconds(5000);
  thread.end = milliseconds(5100);
  thread.runs = {run_on(1, 5'001'000, 5'002'000), run_on(1, 5'011'000, 5'013'000)};
  thread.wakes = {{microseconds(5'000'990), 1, microseconds(5'001'000)},
                  {microseconds(5'010'970), 1, microseconds(5'011'000)}};
  thread.migrations = {{microseconds(5'000'500), 0, 1}};
  thread.woken = microseconds(5'000'400);
  observe::SchedThread worker = thread;
  worker.name = "kworker/0:1";
  worker.runs = {run_on(0, 5'000'000, 5'050'000)};
  sched.threads = {thread, worker};
  sched.changes = {{milliseconds(5090), 0, false}};
  return sched;
}

/// Returns a case with a trace and two steps, the second of which timed out.
outcome::CaseFinished traced(judge::Outcome outcome = judge::Outcome::failed) {
  auto made = std::make_shared<plan::Case>(*make_case("ex7_4", 2, " cpu=1"));
  made->point["cpu"] = "1";
  made->tags = {"kthread", "slow"};
  for (const char *key : {"load", "dmesg", "ps"}) {
    plan::Step step;
    step.key = key;
    step.source = std::string("  - ") + key + ": <x> & \"y\"";
    step.guest = wire::Step{};
    wire::ThreadCondition condition;
    condition.thread = "ex7_4";
    step.guest->body = condition;
    made->steps.push_back(step);
  }
  outcome::CaseFinished result = finished(made, outcome, "'Thread exiting' did not appear within 5 s");
  if (!result.verdict.evidence.empty()) result.verdict.evidence.front().step = 1;
  auto seen = std::make_shared<judge::Observations>();
  seen->messages = {wire::StepStarted{0, milliseconds(5000)},
                    wire::StepEnded{0, milliseconds(5020), wire::StepResult::held, 0, ""},
                    wire::StepStarted{1, milliseconds(5020)},
                    wire::LogLines{{support::marker(5000, "step 1: load"), support::line(5001, "Thread started")}, 0},
                    wire::StepEnded{1, milliseconds(5100), wire::StepResult::expired, 0, ""}};
  seen->sched = std::make_shared<observe::SchedTimeline>(timeline());
  result.seen = seen;
  result.digest = "0123abcd";
  return result;
}

TEST(HtmlTest, is_one_document_that_needs_nothing_else) {
  const std::string page = page_of({traced()});
  EXPECT_TRUE(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_TRUE(has(page, "default-src &#39;none&#39;"));
  EXPECT_TRUE(has(page, "<style>" + std::string(html::style()) + "</style>"));
  EXPECT_TRUE(has(page, "<script>" + std::string(html::script()) + "</script>"));
  for (const char *elsewhere : {"<link", "<img", "<iframe", "@import", " src=", "url(http"}) {
    EXPECT_FALSE(has(page, elsewhere)) << elsewhere;
  }
  EXPECT_TRUE(has(page, "Mike Bostock"));
}

TEST(HtmlTest, policy_allows_just_the_script_and_the_style_of_the_page) {
  // The digest of "abc" in FIPS 180-2: ba7816bf…15ad.
  EXPECT_EQ(html::policy_hash("abc"), "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
  const std::string page = page_of({});
  EXPECT_TRUE(has(page, html::escaped("script-src " + html::policy_hash(html::script()) + ";")));
  EXPECT_TRUE(has(page, html::escaped("style-src " + html::policy_hash(html::style()) + ";")));
  EXPECT_FALSE(has(page, " style="));  // the policy would drop it
}

TEST(HtmlTest, has_the_summary_and_each_case_without_scripts) {
  const std::string page = page_of({finished(make_case("ex7_1", 4), judge::Outcome::passed), traced()});
  EXPECT_TRUE(has(page, "<h1>1 of 2 cases did not pass</h1>"));
  EXPECT_TRUE(has(page, "qemu:///embed, QEMU 10.0.2"));
  EXPECT_TRUE(has(page, "6.1.0-49-cloud-amd64"));
  EXPECT_TRUE(has(page, "<details class=\"case passed\" id=\"case-1\""));
  EXPECT_TRUE(has(page, "<details class=\"case failed\" id=\"case-2\""));
  EXPECT_TRUE(has(page, "data-tags=\"kthread\nslow\""));
  EXPECT_TRUE(has(page, "data-point=\"cpu=1\ncpus=2\nkernel=debian-6.1-cloud\""));
  EXPECT_TRUE(has(page, "&#39;Thread exiting&#39; did not appear within 5 s"));
  EXPECT_TRUE(has(page, "<code>load: &lt;x&gt; &amp; &quot;y&quot;</code>"));
  EXPECT_TRUE(has(page, "<td>5.020000</td><td>80 ms</td><td>timed out</td>"));
  EXPECT_TRUE(has(page, "<td>not reached</td>"));
  EXPECT_TRUE(has(page, "<span class=\"mk\">── step 1: load </span>\n[    5.001000] Thread started\n"));
  EXPECT_TRUE(has(page, "0123abcd"));
  EXPECT_TRUE(has(page, "kmodtest run testplans/ex7_4.yaml --case &quot;ex7_4 [cpus=2 cpu=1]&quot; --trace<"));
}

TEST(HtmlTest, tells_of_a_failure_what_the_console_tells) {
  const std::string page = page_of({support::full_failure(), support::passed_as_expected()});
  for (const char *part :
       {"testplans/ex7_4.yaml:11:24\n  - dmesg: {in_order: [Thread exiting, Exiting!]}\n                       ^",
        "<dt>Expected</dt><dd><pre>Thread exiting</pre>", "<dt>Seen</dt><dd><pre>Thread exitting", "71 S      1 ex7_4",
        "the module says something similar: is the text right?",
        "as expected: Crashed: divide error in ex_div+0x8 [ex7_4]", "#0 ex_div+0x8 [ex7_4]  ex7_4.c:9"}) {
    EXPECT_TRUE(has(page, part)) << part;
  }
  EXPECT_TRUE(has(page_of({support::flaky().back()}), "<h4>Attempt 1: Hung: soft lockup</h4>"));
  EXPECT_TRUE(has(page_of({support::flaky().back()}), "class=\"case flaky\""));
  EXPECT_TRUE(has(page_of({support::with_note("slow: 12 s")}), "<p class=\"note\">slow: 12 s</p>"));
}

TEST(HtmlTest, nothing_that_a_guest_says_becomes_markup) {
  EXPECT_EQ(html::escaped("</script><b a='1' c=\"2\">&"),
            "&lt;/script&gt;&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
  EXPECT_EQ(html::escaped("a\x1b[31m\x07 \xff\xc0\xaf\x7f\tb\nc"), "a\\x1b[31m\\x07 \\xff\\xc0\\xaf\\x7f\tb\nc");
  EXPECT_EQ(html::escaped("safe\u202egnp.\u2066x\u2028"), "safe\\u{202e}gnp.\\u{2066}x\\u{2028}");
  EXPECT_EQ(html::escaped(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(html::escaped("ünï ✓"), "ünï ✓");

  const std::string evil = "</script></pre><script>alert(1)</script><!--\" onload='x' \xff";
  outcome::CaseFinished all = support::full_failure();
  auto bad = std::make_shared<plan::Case>(*all.test_case);
  bad->id = bad->plan_name = evil;
  bad->point["x"] = bad->point[evil] = evil;
  bad->tags = {evil};
  bad->plan_file = evil;
  all.test_case = bad;
  all.kernel_release = all.digest = all.build_log = evil;
  all.artifacts = evil;
  for (std::string judge::Evidence::*field :
       {&judge::Evidence::summary, &judge::Evidence::expected, &judge::Evidence::seen, &judge::Evidence::hint,
        &judge::Evidence::source}) {
    all.verdict.evidence.front().*field = evil;
  }
  all.verdict.evidence.front().details = all.verdict.evidence.front().trace = {evil};
  all.seen = support::seen({support::marker(1, evil), support::line(2, evil)});
  const std::string page = page_of({all});
  EXPECT_FALSE(has(page, "<script>alert"));
  EXPECT_FALSE(has(page, "</pre><script>"));
  EXPECT_FALSE(has(page, "\xff"));
  EXPECT_FALSE(has(page, "onload='x'"));
}

TEST(HtmlTest, packs_what_the_timeline_draws) {
  const outcome::CaseFinished one = traced();
  const html::CaseEntry entry = html::make_entry(one, {});
  const auto data = nlohmann::json::parse(unpacked(entry.data));
  EXPECT_EQ(data["span"], nlohmann::json({5'000'000'000, 5'100'000'000}));
  EXPECT_EQ(data["steps"].size(), 2U);
  EXPECT_EQ(data["steps"][1],
            nlohmann::json({2, "dmesg: <x> & \"y\"", 5'020'000'000, 5'100'000'000, "timed out", true}));
  EXPECT_EQ(data["log"]["x"], nlohmann::json({"Thread started"}));
  EXPECT_EQ(data["log"]["l"], "6");
  const auto &thread = data["sched"]["threads"][0];
  EXPECT_EQ(thread["rb"], nlohmann::json({1'000'000, 9'000'000}));
  EXPECT_EQ(thread["rd"], nlohmann::json({1'000'000, 2'000'000}));
  EXPECT_EQ(thread["rc"], nlohmann::json({1, 1}));
  EXPECT_EQ(thread["rs"], "SS");
  EXPECT_EQ(thread["wt"], nlohmann::json({990'000, 9'980'000}));
  EXPECT_EQ(thread["wl"], nlohmann::json({10'000, 30'000}));
  EXPECT_EQ(data["sched"]["changes"], nlohmann::json::array({{5'090'000'000, 0, false}}));
  EXPECT_TRUE(has(page_of({one}), "<script type=\"application/octet-stream\" data-of=\"case-1\">" + entry.data));
}

TEST(HtmlTest, base64_is_that_of_the_rfc) {
  EXPECT_EQ(html::base64(""), "");
  EXPECT_EQ(html::base64("f"), "Zg==");
  EXPECT_EQ(html::base64("fo"), "Zm8=");
  EXPECT_EQ(html::base64("foo"), "Zm9v");
  EXPECT_EQ(html::base64("\xff\xfe\xfd\xfc"), "//79/A==");
  EXPECT_EQ(unpacked(html::packed("a text, a text, a text")), "a text, a text, a text");
}

TEST(HtmlTest, has_the_figures_of_each_thread) {
  const std::string table = html::render_threads(timeline()).str();
  EXPECT_TRUE(has(table,
                  "<th scope=\"row\">ex7_4</th><td>71</td><td>1</td><td>3 ms</td><td>2</td><td>1</td><td>2</td>"
                  "<td>9.98 ms</td><td>10 µs</td><td>30 µs</td>"));
  EXPECT_FALSE(has(table, "dropped"));
  observe::SchedTimeline torn = timeline();
  torn.lost = 7;
  EXPECT_TRUE(has(html::render_threads(torn).str(), "The kernel dropped 7 events of the trace"));
}

TEST(HtmlTest, shows_where_bound_threads_ran) {
  const html::RanOn exact = html::ran_on(traced());
  EXPECT_TRUE(exact.exact);
  EXPECT_EQ(exact.share, (std::map<int, double>{{1, 1.0}}));  // the kernel's worker does not count

  // The kernel can start a thread anywhere, before it can be bound.
  outcome::CaseFinished begun = traced();
  auto sched = std::make_shared<observe::SchedTimeline>(*begun.seen->sched);
  sched->threads[0].runs.insert(sched->threads[0].runs.begin(), run_on(0, 5'000'100, 5'000'300));
  auto with_beginning = std::make_shared<judge::Observations>(*begun.seen);
  with_beginning->sched = sched;
  begun.seen = with_beginning;
  EXPECT_EQ(html::ran_on(begun).share, (std::map<int, double>{{1, 1.0}}));

  outcome::CaseFinished sampled = traced(judge::Outcome::passed);
  auto seen = std::make_shared<judge::Observations>();
  wire::ThreadRecord thread;
  thread.name = thread.full_name = "ex7_4";
  thread.cpu = 1;
  wire::ThreadRecord other = thread;
  other.name = other.full_name = "kthreadd";
  other.cpu = 0;
  seen->messages = {wire::Threads{2, milliseconds(1), {thread, other}}};
  sampled.seen = seen;
  EXPECT_FALSE(html::ran_on(sampled).exact);
  EXPECT_EQ(html::ran_on(sampled).share, (std::map<int, double>{{1, 1.0}}));

  const std::string page = page_of({traced(judge::Outcome::passed)});
  EXPECT_TRUE(has(page, "<strong>ex7_4</strong> cpus 2<span class=\"by\">share of run time</span>"));
  EXPECT_TRUE(has(page, "<td class=\"s0\"></td><td class=\"s5 own\">100 %</td>"));
}

TEST(HtmlTest, heat_map_tells_the_gravest_of_a_cell) {
  const std::string page = page_of({finished(make_case("ex7_4", 2, " cpu=0"), judge::Outcome::passed),
                                    finished(make_case("ex7_4", 2, " cpu=1"), judge::Outcome::hung, "stuck"),
                                    finished(make_case("ex7_4", 16), judge::Outcome::passed),
                                    finished(make_case("ex7_1", 4), judge::Outcome::passed)});
  EXPECT_TRUE(has(page, "<td class=\"hung\"><a href=\"#case-2\""));
  EXPECT_TRUE(has(page, "<span class=\"word\">hung 1/2</span>"));
  EXPECT_LT(page.find(">2 CPUs</th>"), page.find(">16 CPUs</th>"));
  EXPECT_TRUE(html::comes_before("2", "10"));
  EXPECT_TRUE(html::comes_before("10", "a"));
  EXPECT_FALSE(html::comes_before("b", "a"));
}

TEST(HtmlTest, leaves_out_the_middle_of_long_logs) {
  std::vector<wire::KernelLogLine> log;
  for (int i = 0; i < 1000; ++i) log.push_back(support::line(i, "line " + std::to_string(i) + "."));
  const std::string text = html::render_log(log, 5000).str();
  EXPECT_LT(text.size(), 6000U);
  EXPECT_TRUE(has(text, "line 0."));
  EXPECT_TRUE(has(text, "line 999."));
  EXPECT_TRUE(has(text, "lines left out"));
  EXPECT_FALSE(has(text, "line 500."));
  EXPECT_FALSE(has(html::render_log(log, 1'000'000).str(), "left out"));
  EXPECT_EQ(html::shortened("a\nb\n", 100), "a\nb\n");
}

TEST(HtmlTest, lists_failures_first_if_there_are_more_cases_than_fit) {
  std::vector<outcome::CaseFinished> all;
  for (int number = 0; number < 1'600; ++number) {
    const bool fails = number >= 1'590;
    all.push_back(support::finished(support::make_case("ex", number + 1),
                                    fails ? judge::Outcome::failed : judge::Outcome::passed, fails ? "why" : ""));
    all.back().number = static_cast<std::size_t>(number);
  }
  const std::string page = page_of(all);
  EXPECT_TRUE(has(page, "id=\"case-1490\""));
  EXPECT_FALSE(has(page, "id=\"case-1491\"")) << "made room for a failure";
  EXPECT_FALSE(has(page, "id=\"case-1590\""));
  EXPECT_TRUE(has(page, "id=\"case-1591\""));
  EXPECT_TRUE(has(page, "id=\"case-1600\""));
  EXPECT_TRUE(has(page, "100 cases more are not listed here")) << page.substr(page.find("id=\"list\""), 200);
  EXPECT_TRUE(has(page, "10 of 1600 cases did not pass"));
}

TEST(HtmlTest, stays_below_10_MB_with_1000_cases_that_say_much) {
  outcome::CaseFinished loud = traced();
  std::vector<wire::KernelLogLine> log;
  unsigned random = 1;
  const auto next = [&random] { return random = random * 1664525U + 1013904223U; };
  for (int i = 0; i < 500; ++i)
    log.push_back(support::line(5001 + i, "some line of the log, number " + std::to_string(next())));
  auto seen = std::make_shared<judge::Observations>(*loud.seen);
  seen->messages.push_back(wire::LogLines{log, 0});
  auto sched = std::make_shared<observe::SchedTimeline>(timeline());
  for (int i = 0; i < 700; ++i)
    sched->threads[0].runs.push_back(run_on(1, 6'000'000 + i * 4000, 6'000'000 + i * 4000 + next() % 4000));
  seen->sched = sched;
  loud.seen = seen;
  const std::string page = page_of(std::vector<outcome::CaseFinished>(1000, loud));
  EXPECT_LT(page.size(), 10'000'000U);
  EXPECT_TRUE(has(page, "id=\"case-1000\""));
  EXPECT_TRUE(has(page, "The timeline of this case is left out"));
  EXPECT_TRUE(has(page, "data-of="));  // but not data-of-all
}

TEST(HtmlTest, failures_keep_their_timelines_longest) {
  outcome::CaseFinished good = traced(judge::Outcome::passed), bad = traced();
  auto sched = std::make_shared<observe::SchedTimeline>(timeline());
  unsigned random = 1;
  for (int i = 0; i < 150'000; ++i) {
    random = random * 1664525U + 1013904223U;
    sched->threads[0].runs.push_back(run_on(1, 6'000'000L + i * 4000L, 6'000'000L + i * 4000L + random % 4000));
  }
  auto seen = std::make_shared<judge::Observations>(*good.seen);
  seen->sched = sched;
  good.seen = bad.seen = seen;
  const html::CaseEntry entry = html::make_entry(good, {});
  ASSERT_GT(entry.data.size(), 600'000U);
  ASSERT_LT(entry.data.size(), 3'600'000U);
  const std::string page = page_of(std::vector<outcome::CaseFinished>{good, bad, good, good, good, good});
  EXPECT_FALSE(has(page, "data-of=\"case-1\""));
  EXPECT_TRUE(has(page, "data-of=\"case-2\""));
}

TEST(HtmlTest, an_interrupted_run_is_no_good_one) {
  const support::ScratchFolder folder;
  const auto listener = make_html(folder / "report.html");
  outcome::RunStarted started;
  started.cases = 3;
  listener->on(started);
  listener->on(outcome::Notice{"KVM <does> not work"});
  listener->on(finished(make_case("ex7_1", 1), judge::Outcome::passed));
  listener->on(support::run_finished({1}, 2, true));
  const std::string page = support::read_file(folder / "report.html");
  EXPECT_TRUE(has(page, "interrupted</h1>"));
  EXPECT_TRUE(has(page, "<strong>2</strong> not run"));
  EXPECT_TRUE(has(page, "class=\"top bad\""));
  EXPECT_TRUE(has(page, "KVM &lt;does&gt; not work"));
}

TEST(HtmlTest, a_file_that_cannot_be_written_is_said_at_once) {
  try {
    make_html("/nonexistent/report.html");
    FAIL() << "no error";
  } catch (const base::Error &error) {
    EXPECT_STREQ(error.what(), "cannot write '/nonexistent/report.html': No such file or directory");
  }
}

TEST(HtmlTest, an_old_report_stays_until_the_new_one_is_whole) {
  const support::ScratchFolder folder;
  std::ofstream(folder / "report.html") << "old";
  {
    const auto listener = make_html(folder / "report.html");
    listener->on(outcome::RunStarted{});
    listener->on(finished(make_case("ex7_1", 1), judge::Outcome::passed));
  }
  EXPECT_EQ(support::read_file(folder / "report.html"), "old");
}

}  // namespace
}  // namespace kmodtest::report
