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

/// When failures are shown in full.
enum class FailureOutput { at_end, at_once, both, never };

struct ConsoleOptions {
  std::FILE *out = stdout;
  bool terminal = false;  ///< live footer; else plain lines
  bool color = false;
  int width = 80;
  /// Returns the terminal's current size, queried at each redraw; empty: `width` and 24 rows.
  std::function<TerminalSize()> size;
  bool verbose = false;  ///< also the log of passed cases, and failures in full
  bool quiet = false;    ///< only failures and the summary
  bool ordered = false;  ///< finished cases in the order of the plans: a line waits for those before it
  bool timings = false;  ///< after the summary, where the wall time went
  /// Wall time after which a case is reported as slow, live and in its finished line; 0: never. Only the console uses
  /// it: nothing that a guest reports, and so no digest, depends on it.
  outcome::Seconds slow{0};
  FailureOutput failures = FailureOutput::at_end;
  bool hint_at_pause = false;  ///< after failures, mention --pause-on-failure
  CiOptions ci;
  /// The time of the footer's clock; tests replace it.
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// Reads the environment: isatty, NO_COLOR (no-color.org), CLICOLOR_FORCE, TERM=dumb, COLUMNS, and whether this is a
/// job of GitHub Actions (GITHUB_ACTIONS) or of GitLab (GITLAB_CI).
ConsoleOptions console_options_from_environment(std::FILE *out);

/// Prints one line per finished case, failures in full, a table of cases × CPUs, and a summary at the end.
std::unique_ptr<outcome::Listener> make_console(ConsoleOptions options);

/// Writes JUnit XML: one <testsuite> per plan and one <testcase> per case with its log, in the order of the plans. The
/// file is written as a whole at the end (a temporary file next to it, renamed), so an incomplete one never looks
/// complete. An interrupted run is an <error>. Attempts of --retries have the form of Maven's Surefire: <flakyFailure>
/// in a case that passed in the end, <rerunFailure> next to the <failure> of one that did not. Throws base::Error that
/// names the file if it cannot be written, at once as well as at the end.
std::unique_ptr<outcome::Listener> make_junit(std::filesystem::path file);

/// Writes one page of HTML that needs no other file and no network: the summary, plans × CPUs, and each case with its
/// failure, its steps on a time axis, its log, and the timeline of its threads (docs/guide/html-page.md). The page
/// stays below 10 MB: it leaves out the middle of long logs and the largest timelines, and reports that. The file is
/// written as a whole at the end. Throws base::Error that names the file if it cannot be written, at once as well as at
/// the end. `version` is that of kmodtest.
std::unique_ptr<outcome::Listener> make_html(std::filesystem::path file, std::string version = {});

/// Writes one JSON object per line, flushed immediately, in the form of events_schema() (report/formats/schemas.hpp).
/// The first has {"schema": "kmodtest-events", "version": 1}. `version` is that of kmodtest.
std::unique_ptr<outcome::Listener> make_json(std::filesystem::path file, std::string version = {});

/// Writes KTAP, version 1 (the kernel's Documentation/dev-tools/ktap.rst), as tools/testing/kunit reads it: a test for
/// each plan, and in it one for each case, both in the order of the plans. A line is written as soon as all lines
/// before it are known. A skipped case is `ok … # SKIP`, one that hung is `not ok … # TIMEOUT`, one without a verdict
/// is `not ok … # ERROR`, and a flaky one is `ok … # flaky`. Diagnostics about a failure precede its line.
///
/// `cases` are all cases that will run, in the order of the plans, each `repeats` times: the case with
/// outcome::CaseFinished::number n is cases[n / repeats]. `version` is that of kmodtest. Throws base::Error that names
/// the file, at once as well as later.
std::unique_ptr<outcome::Listener> make_ktap(const std::filesystem::path &file,
                                             const std::vector<std::shared_ptr<const plan::Case>> &cases,
                                             int repeats = 1, std::string version = {});

/// Writes a summary in Markdown for the page of a pull request: results, failures in full, flaky cases, plans × CPUs,
/// the slowest cases, versions. It stays below 1 MB, including the file's earlier content if `append`; failures that do
/// not fit are counted. It is written at the end, to replace the file or to append to it. `version` is that of
/// kmodtest. Throws base::Error that names the file if it cannot be written, at once as well as at the end.
std::unique_ptr<outcome::Listener> make_markdown(std::filesystem::path file, std::string version = {},
                                                 bool append = false);

/// Writes who passed what: a line for each case with the modules of --module NAME=PATH, its result and its points. JSON
/// (an array of objects) if the file's name ends in .json, otherwise CSV (RFC 4180). It is written as a whole at the
/// end. Throws base::Error that names the file if it cannot be written, at once as well as at the end.
std::unique_ptr<outcome::Listener> make_scores(std::filesystem::path file);

/// Writes which lines of the modules were executed: coverage.info for lcov and genhtml, cobertura.xml for GitLab and
/// others, into a folder that it creates. Merges all cases of the run. Stores the sum in `result` at the end, if that
/// is not null. Throws base::Error that names the file if it cannot be written, at once as well as at the end.
std::unique_ptr<outcome::Listener> make_coverage(std::filesystem::path folder, std::string version = {},
                                                 std::shared_ptr<observe::Coverage> result = nullptr);

/// Writes one folder per run with one folder per case, which explains itself: its README.txt describes each file.
/// Deletes the cases from the folder of an earlier run; throws base::UsageError if the folder contains anything else.
/// Create this listener before others that write into the same folder. `version` is that of kmodtest.
std::unique_ptr<outcome::Listener> make_artifacts(std::filesystem::path folder, std::string version = {});

/// Writes folders of the cases that did not go well, into a folder that is created with the first of them and that
/// belongs to this run alone. If that folder cannot be written, it prints one warning to stderr and the run goes on.
/// With `at_once` the folder exists from the start, for files that are put there early, and is removed at the end if no
/// case is in it.
std::unique_ptr<outcome::Listener> make_failure_artifacts(std::filesystem::path folder, std::string version = {},
                                                          bool at_once = false);

/// Creates a folder for the folders of a run's cases, or deletes those of an earlier run from it. Throws
/// base::UsageError if it contains anything else.
void prepare_artifacts_folder(const std::filesystem::path &folder);

/// Returns a folder below `failures` for make_failure_artifacts(), named by the time and this process. Removes all
/// older ones except for the last kKeptRuns; those of active runs stay.
inline constexpr std::size_t kKeptRuns = 20;
std::filesystem::path next_failure_folder(const std::filesystem::path &failures);

/// Returns the failure as the console prints it (no colours): place in the plan with line and caret, expected, seen,
/// log, hint.
std::string render_failure(const outcome::CaseFinished &finished);

}  // namespace kmodtest::report
