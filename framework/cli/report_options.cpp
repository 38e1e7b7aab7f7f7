// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/report_options.hpp"

#include <fmt/format.h>
#include <string>
#include <utility>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "cli/command.hpp"
#include "report/coverage/coverage_lines.hpp"
#include "storage/output_file.hpp"

namespace kmodtest::cli {

namespace {

/// Returns whether this is the file that GitHub gives to a step, to which all its programs append.
bool is_step_summary(const std::filesystem::path &file) {
  return !file.empty() && file == base::variable("GITHUB_STEP_SUMMARY");
}

}  // namespace

void ReportOptions::add_coverage_to(CLI::App &app) {
  CLI::Option *folder =
      app.add_option(
             "--coverage", coverage,
             "write which lines of the modules ran into a folder: coverage.info (lcov), cobertura.xml; emulates")
          ->type_name("DIR");
  app.add_option("--coverage-min", least_coverage, "exit 1 unless this percentage of the lines ran")
      ->check(CLI::Range(0.0, 100.0))
      ->needs(folder)
      ->type_name("PERCENT");
}

void ReportOptions::add_to(CLI::App &app, bool with_coverage) {
  app.add_option("--junit", junit, "write a JUnit XML file ('-' for any of these: standard output)")->type_name("FILE");
  app.add_option("--ktap", ktap, "write the results as KTAP, as the kernel's own tests do, as they arrive")
      ->type_name("FILE");
  app.add_option("--json", json, "write the run's events, one JSON object per line, as they happen")->type_name("FILE");
  app.add_option("--markdown", markdown,
                 "write a summary for the page of a pull request (appended if it is the file of $GITHUB_STEP_SUMMARY)")
      ->type_name("FILE");
  app.add_option("--scores", scores,
                 "write who passed what, and the points: a line for each case, as JSON if FILE ends in .json, else CSV")
      ->type_name("FILE");
  if (with_coverage) add_coverage_to(app);
  app.add_option("--html", html, "write an HTML page, one file; implies --trace, for its timelines")->type_name("FILE");
}

bool ReportOptions::on_standard_output() const {
  std::string first;
  for (const auto &[name, file] :
       {std::pair("--junit", &junit), std::pair("--ktap", &ktap), std::pair("--json", &json),
        std::pair("--markdown", &markdown), std::pair("--scores", &scores), std::pair("--html", &html)}) {
    if (!storage::is_standard_output(*file)) continue;
    if (!first.empty()) {
      throw base::UsageError(base::Code::options_exclude,
                             fmt::format("{} and {} cannot both go to standard output", first, name),
                             "name a file for one of them");
    }
    first = name;
  }
  return !first.empty();
}

std::vector<std::unique_ptr<outcome::Listener>> ReportOptions::make(
    const std::vector<std::shared_ptr<const plan::Case>> &cases, int repeats) const {
  std::vector<std::unique_ptr<outcome::Listener>> listeners;
  if (!json.empty()) listeners.push_back(report::make_json(json, kVersion));
  if (!ktap.empty()) listeners.push_back(report::make_ktap(ktap, cases, repeats, kVersion));
  if (!junit.empty()) listeners.push_back(report::make_junit(junit));
  if (!markdown.empty()) listeners.push_back(report::make_markdown(markdown, kVersion, is_step_summary(markdown)));
  if (!scores.empty()) listeners.push_back(report::make_scores(scores));
  if (!coverage.empty()) listeners.push_back(report::make_coverage(coverage, kVersion, covered));
  if (!html.empty()) listeners.push_back(report::make_html(html, kVersion));
  return listeners;
}

int ReportOptions::status_of(run::ExitCode status) const {
  if (status != run::ExitCode::all_passed || coverage.empty() || least_coverage <= 0) return static_cast<int>(status);
  const std::string shortfall = report::coverage_shortfall(*covered, least_coverage);
  if (shortfall.empty()) return static_cast<int>(status);
  const base::Error error(base::Code::too_little_coverage, shortfall,
                          fmt::format("genhtml {}/coverage.info, or --html, shows the lines", coverage.string()));
  std::fputs(render_error(error).c_str(), stderr);
  return static_cast<int>(run::ExitCode::some_did_not_pass);
}

}  // namespace kmodtest::cli
