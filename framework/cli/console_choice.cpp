// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/console_choice.hpp"

#include <map>

namespace kmodtest::cli {

namespace {

const std::map<std::string, report::FailureOutput> kFailureOutputs = {
    {"final", report::FailureOutput::at_end},
    {"immediate", report::FailureOutput::at_once},
    {"immediate-final", report::FailureOutput::both},
    {"never", report::FailureOutput::never},
};
constexpr double kLongestSlow = 1e6;  ///< seconds

}  // namespace

void ConsoleChoice::add_to(CLI::App &app) {
  app.add_flag("-v,--verbose", verbose,
               "show log and timings of every case, and everything about those that did not pass");
  app.add_flag("-q,--quiet", quiet, "show failures and the summary only");
  app.add_flag("--ordered", ordered, "show finished cases in the order of the plans");
  app.add_flag("--timings", timings, "show where the wall time went");
  app.add_flag("--no-progress", no_progress, "no live progress on a terminal");
  app.add_option("--color", color, "colours: on a terminal (auto, which respects NO_COLOR), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
  app.add_option("--slow", slow, "report cases that take this many seconds of wall time (default: 30; 0: none)")
      ->check(CLI::Range(0.0, kLongestSlow))
      ->type_name("SECONDS");
  app.add_option("--failure-output", failure_output,
                 "show failures in full at the end (final), at once (immediate), both (immediate-final) or never")
      ->check(CLI::IsMember({"final", "immediate", "immediate-final", "never"}))
      ->type_name("WHEN");
}

report::ConsoleOptions ConsoleChoice::options(std::FILE *out, bool waits_for_user) const {
  auto options = report::console_options_from_environment(out);
  options.verbose = verbose;
  options.quiet = quiet;
  options.ordered = ordered;
  options.timings = timings;
  if (no_progress) options.terminal = false;
  if (color != "auto") options.color = color == "always";
  options.slow = outcome::Seconds(waits_for_user ? 0 : slow);
  options.failures = kFailureOutputs.at(failure_output);
  return options;
}

}  // namespace kmodtest::cli
