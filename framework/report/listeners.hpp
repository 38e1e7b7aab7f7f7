// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "report/ci/ci_log.hpp"
#include "report/terminal/footer.hpp"

namespace kmodtest::report {

/// When the failures are told in full.
enum class FailureOutput { at_end, at_once, both, never };

struct ConsoleOptions {
  std::FILE *out = stdout;
  bool terminal = false;  ///< live footer; else plain lines
  bool color = false;
  int width = 80;
  /// What the terminal measures now, asked at each redraw; empty: `width` and 24 rows.
  std::function<TerminalSize()> size;
  bool verbose = false;  ///< the log of passed cases too, and nothing of a failure left out
  bool quiet = false;    ///< only failures and the summary
  bool ordered = false;  ///< finished cases in the order of the plans: a line waits for those before it
  bool timings = false;  ///< after the summary, where the wall time went
  /// Wall time after which a case is called slow, live and in its finished line; 0: none is. Judged here alone: nothing
  /// that a guest reports, and so no digest, knows of it.
  outcome::Seconds slow{0};
  FailureOutput failures = FailureOutput::at_end;
  bool hint_at_pause = false;  ///< after failures, say that there is --pause-on-failure
  CiOptions ci;
  /// What the footer's clock reads; tests bring their own.
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// What the environment says: isatty, NO_COLOR (no-color.org), CLICOLOR_FORCE, TERM=dumb, COLUMNS, and whether this is
/// a job of GitHub Actions (GITHUB_ACTIONS) or of GitLab (GITLAB_CI).
ConsoleOptions console_options_from_environment(std::FILE *out);

/// One line per finished case, failures in full, a table of cases × CPUs and a summary at the end.
std::unique_ptr<outcome::Listener> make_console(ConsoleOptions options);

/// JUnit XML, one <testsuite> per plan, one <testcase> per case with its log, in the order of the plans. Written whole
/// at the end (a temporary beside it, renamed), so that a half-written report is never taken for a whole one. An
/// interrupted run is an <error>. Attempts of --retries are told as Maven's Surefire does: <flakyFailure> in a case
/// that passed in the end, <rerunFailure> beside the <failure> of one that did not. Throws base::Error that names the
/// file when it cannot be written, at once as well as at the end.
std::unique_ptr<outcome::Listener> make_junit(std::filesystem::path file);

/// One page of HTML that needs no other file and no network: the summary, plans × CPUs, and each case with its failure,
/// its steps on a time axis, its log and the timeline of its threads (docs/guide/html-page.md). Stays below 10 MB: of
/// long logs the middle is left out, of too many timelines the largest, and the page says so. Written whole at the
/// end; throws base::Error that names the file when it cannot be written, at once as well as at the end. `version` is
/// kmodtest's own.
std::unique_ptr<outcome::Listener> make_html(std::filesystem::path file, std::string version = {});

/// One JSON object a line, flushed as it happens, as events_schema() (report/schemas.hpp) has it; the first has
/// {"schema": "kmodtest-events", "version": 1}. `version` is kmodtest's own.
std::unique_ptr<outcome::Listener> make_json(std::filesystem::path file, std::string version = {});

/// KTAP, version 1 (the kernel's Documentation/dev-tools/ktap.rst), as tools/testing/kunit reads it: a test for each
/// plan, in it one for each case, both in the order of the plans. Lines come as soon as all before them are known. A
/// skipped case is `ok … # SKIP`, one that hung `not ok … # TIMEOUT`, one that could not be judged `not ok … # ERROR`,
/// a flaky one `ok … # flaky`; what is known of a failure stands before its line as diagnostics. `cases` are all that
/// are to run, in the order of the plans, each `repeats` times: that with outcome::CaseFinished::number n is cases[n /
/// repeats]. `version` is kmodtest's own. Throws base::Error that names the file, at once as well as later.
std::unique_ptr<outcome::Listener> make_ktap(const std::filesystem::path &file,
                                             const std::vector<std::shared_ptr<const plan::Case>> &cases,
                                             int repeats = 1, std::string version = {});

/// A summary in Markdown for the page of a pull request: results, failures in full, flaky cases, plans × CPUs, the
/// slowest cases, versions. Below 1 MB, with what the file holds already if `append`: failures that find no room are
/// counted. Written at the end, whole, or behind what is there. `version` is kmodtest's own. Throws base::Error that
/// names the file when it cannot be written, at once as well as at the end.
std::unique_ptr<outcome::Listener> make_markdown(std::filesystem::path file, std::string version = {},
                                                 bool append = false);

/// Makes the folder. One that an earlier run made is emptied of its cases; throws base::UsageError when it holds
/// anything else. Make it before other listeners that write into the same folder.
///
/// One folder per run with one folder per case, which explains itself: its README.txt says what each file is.
/// `version` is kmodtest's own.
std::unique_ptr<outcome::Listener> make_artifacts(std::filesystem::path folder, std::string version = {});

/// The same for the cases that did not go well only, in a folder that is made with the first of them and that no other
/// run has. A folder that cannot be written is complained of once on stderr, and no reason to end the run.
/// `at_once`: the folder is there from the start, for what is put into it on its way, and goes at the end if no case
/// came into it.
std::unique_ptr<outcome::Listener> make_failure_artifacts(std::filesystem::path folder, std::string version = {},
                                                          bool at_once = false);

/// A folder below `failures` for make_failure_artifacts(), named by the time and this process. Removes the oldest ones
/// but the last kKeptRuns; those of runs that go on stay.
inline constexpr std::size_t kKeptRuns = 20;
std::filesystem::path next_failure_folder(const std::filesystem::path &failures);

/// The failure as the console prints it (no colours): place in the plan with line and caret, expected, seen, log, hint.
std::string render_failure(const outcome::CaseFinished &finished);

}  // namespace kmodtest::report
