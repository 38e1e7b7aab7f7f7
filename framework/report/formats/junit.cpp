// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

#include <pugixml.hpp>

#include "base/host_name.hpp"
#include "outcome/result.hpp"
#include "report/failure/failure.hpp"
#include "report/listeners.hpp"
#include "report/terminal/palette.hpp"
#include "storage/output_file.hpp"
#include "storage/spool.hpp"
#include "storage/whole_file.hpp"
#include "text/escape.hpp"
#include "text/words.hpp"

namespace kmodtest::report {

namespace {

constexpr const char *kIndent = "  ";
constexpr const char *kCases = "kmodtest-cases";                        ///< no element of the format has this name
constexpr std::size_t kLast = std::numeric_limits<std::size_t>::max();  ///< after every case

void set(pugi::xml_node node, const char *name, const std::string &value) {
  node.append_attribute(name).set_value(text::xml_text(value).c_str());
}

void set(pugi::xml_node node, const char *name, std::size_t value) {
  node.append_attribute(name).set_value(std::to_string(value).c_str());
}

void set(pugi::xml_node node, const char *name, outcome::Seconds value) {
  set(node, name, fmt::format("{:.3f}", value.count()));
}

void set_text(pugi::xml_node node, const std::string &text) {
  node.append_child(pugi::node_pcdata).set_value(text::xml_text(text).c_str());
}

/// Returns the time of day in UTC, in the form that the schema requires (no zone).
std::string timestamp() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::time(nullptr)));
}

struct Totals {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  outcome::Seconds time{0};

  void count(judge::Outcome outcome, outcome::Seconds took) {
    ++tests;
    time += took;
    switch (outcome) {
      case judge::Outcome::passed:
        break;
      case judge::Outcome::skipped:
        ++skipped;
        break;
      case judge::Outcome::errored:
        ++errors;
        break;
      case judge::Outcome::failed:
      case judge::Outcome::crashed:
      case judge::Outcome::hung:
      case judge::Outcome::leaked:
        ++failures;
        break;
    }
  }
};

class Suite {
 public:
  Suite(std::string name, std::string package, storage::Spool &spool)
      : name_(std::move(name)), package_(std::move(package)), spool_(spool) {}

  void started() {
    if (timestamp_.empty()) timestamp_ = timestamp();
  }

  void add(const outcome::CaseFinished &finished) {
    started();
    const plan::Case &test_case = *finished.test_case;
    totals_.count(finished.verdict.outcome, finished.took);
    if (finished.flaky()) ++flaky_;
    cpus_.insert(test_case.guest.cpus);
    memory_mib_.insert(test_case.guest.memory_mib);
    if (!finished.kernel_release.empty()) kernels_.insert(finished.kernel_release);

    pugi::xml_document document;
    pugi::xml_node node = document.append_child("testcase");
    set(node, "name", outcome::label(test_case, finished.repeat));
    set(node, "classname", name_);
    set(node, "time", finished.took);
    add_outcome(node, finished);
    const std::string kind = finished.flaky() ? "flaky" : "rerun";
    for (const outcome::CaseFinished &attempt : finished.earlier) add_attempt(node, kind, attempt);
    const std::string log = render_log(finished, Palette(false), "");
    std::string head = as_expected(finished);
    if (!head.empty()) head += "\n";
    for (const std::string &note : finished.verdict.notes) head += "note: " + note + "\n";
    if (!finished.digest.empty()) head += "digest: " + finished.digest + "\n";
    if (!log.empty() || !head.empty()) set_text(node.append_child("system-out"), head + log);
    keep(finished.number, node);
  }

  void write_to(pugi::xml_node suites, std::size_t id, const std::string &hypervisor, const std::string &host) const {
    pugi::xml_node node = suites.append_child("testsuite");
    set(node, "name", name_);
    set(node, "package", package_);
    set(node, "id", id);
    set(node, "tests", totals_.tests);
    set(node, "failures", totals_.failures);
    set(node, "errors", totals_.errors);
    set(node, "skipped", totals_.skipped);
    set(node, "time", totals_.time);
    set(node, "timestamp", timestamp_.empty() ? timestamp() : timestamp_);
    set(node, "hostname", host);
    pugi::xml_node properties = node.append_child("properties");
    const auto property = [&](const std::string &name, const std::string &value) {
      if (value.empty()) return;
      pugi::xml_node entry = properties.append_child("property");
      set(entry, "name", name);
      set(entry, "value", value);
    };
    property("kernel", fmt::format("{}", fmt::join(kernels_, ", ")));
    property("cpus", fmt::format("{}", fmt::join(cpus_, ", ")));
    property("memory_mib", fmt::format("{}", fmt::join(memory_mib_, ", ")));
    property("hypervisor", hypervisor);
    if (flaky_ > 0) property("flaky", std::to_string(flaky_));
    if (has_cases()) set(node.append_child(kCases), "of", id);
    node.append_child("system-out");
    node.append_child("system-err");
  }

  const Totals &totals() const { return totals_; }
  bool has_cases() const { return !cases_.empty(); }

  /// Returns the place of its first case in the order of the plans.
  std::size_t place() const {
    std::size_t first = kLast;
    for (const auto &[number, piece] : cases_) first = std::min(first, number);
    return first;
  }

  /// Writes the cases in the order of the plans.
  void write_cases(storage::WholeFile &file) const {
    std::vector<std::pair<std::size_t, storage::Spool::Piece>> in_order = cases_;
    std::stable_sort(in_order.begin(), in_order.end(),
                     [](const auto &left, const auto &right) { return left.first < right.first; });
    for (const auto &[number, piece] : in_order) file.write(spool_.read(piece));
  }

  /// Adds a testcase for a failure of the run as a whole.
  void add_run(judge::Outcome outcome, const std::string &message) {
    totals_.count(outcome, outcome::Seconds{0});
    pugi::xml_document document;
    pugi::xml_node node = document.append_child("testcase");
    set(node, "name", std::string("the whole run"));
    set(node, "classname", name_);
    set(node, "time", outcome::Seconds{0});
    pugi::xml_node why = node.append_child(outcome == judge::Outcome::errored ? "error" : "skipped");
    if (outcome == judge::Outcome::errored) set(why, "type", std::string("Interrupted"));
    set(why, "message", message);
    keep(kLast, node);
  }

 private:
  /// Puts a testcase aside, as it will be in the file.
  void keep(std::size_t number, pugi::xml_node node) {
    std::ostringstream text;
    node.print(text, kIndent, pugi::format_default, pugi::encoding_utf8, 2);
    cases_.emplace_back(number, spool_.add(text.str()));
  }

  static void add_outcome(pugi::xml_node node, const outcome::CaseFinished &finished) {
    const judge::Outcome outcome = finished.verdict.outcome;
    if (outcome == judge::Outcome::passed) return;
    const bool skipped = outcome == judge::Outcome::skipped;
    pugi::xml_node why = node.append_child(skipped                              ? "skipped"
                                           : outcome == judge::Outcome::errored ? "error"
                                                                                : "failure");
    if (!skipped) set(why, "type", outcome::result_word(outcome::result_of(finished)));
    set(why, "message", reason(finished));
    if (!skipped) set_text(why, render_failure(finished));
  }

  /// Adds an attempt that did not pass: <flakyFailure>, <flakyError>, <rerunFailure> or <rerunError>.
  static void add_attempt(pugi::xml_node node, const std::string &kind, const outcome::CaseFinished &attempt) {
    const bool error = attempt.verdict.outcome == judge::Outcome::errored;
    pugi::xml_node what = node.append_child((kind + (error ? "Error" : "Failure")).c_str());
    set(what, "type", outcome::result_word(outcome::result_of(attempt)));
    set(what, "message", reason(attempt));
    set_text(what.append_child("stackTrace"), render_failure(attempt));
    const std::string log = render_log(attempt, Palette(false), "");
    if (!log.empty()) set_text(what.append_child("system-out"), log);
  }

  std::string name_, package_, timestamp_;
  Totals totals_;
  std::set<int> cpus_;
  std::set<std::uint32_t> memory_mib_;
  std::set<std::string> kernels_;
  std::size_t flaky_ = 0;
  storage::Spool &spool_;
  std::vector<std::pair<std::size_t, storage::Spool::Piece>> cases_;  ///< with their outcome::CaseFinished::number
};

class Junit final : public outcome::Listener {
 public:
  explicit Junit(std::filesystem::path file) : file_(std::move(file)), spool_(file_) { storage::check_writable(file_); }

  void on(const outcome::Event &event) override {
    if (const auto *run = std::get_if<outcome::RunStarted>(&event)) {
      hypervisor_ = run->hypervisor;
    } else if (const auto *started = std::get_if<outcome::CaseStarted>(&event)) {
      suite_of(*started->test_case).started();
    } else if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) {
      suite_of(*finished->test_case).add(*finished);
    } else if (const auto *end = std::get_if<outcome::RunFinished>(&event)) {
      write(*end);
    }
  }

 private:
  Suite &suite_of(const plan::Case &test_case) {
    const std::string file = test_case.plan_file.string();
    const std::string package = file.empty() ? test_case.plan_name : test_case.plan_file.stem().string();
    return suites_.try_emplace({file, test_case.plan_name}, test_case.plan_name, package, spool_).first->second;
  }

  void write(const outcome::RunFinished &end) {
    if (end.interrupted || end.not_run > 0) {
      const std::string not_run = fmt::format("{} did not run", text::counted(end.not_run, "case"));
      Suite &run = suites_.try_emplace({"", "kmodtest"}, "kmodtest", "kmodtest", spool_).first->second;
      run.add_run(end.interrupted ? judge::Outcome::errored : judge::Outcome::skipped,
                  end.interrupted ? "the run was interrupted: " + not_run : not_run);
    }
    pugi::xml_document document;
    pugi::xml_node declaration = document.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    pugi::xml_node root = document.append_child("testsuites");
    Totals all;
    for (const auto &[key, suite] : suites_) {
      all.tests += suite.totals().tests;
      all.failures += suite.totals().failures;
      all.errors += suite.totals().errors;
    }
    set(root, "name", std::string("kmodtest"));
    set(root, "tests", all.tests);
    set(root, "failures", all.failures);
    set(root, "errors", all.errors);
    set(root, "time", end.took);
    const std::string host = base::host_name();
    std::vector<const Suite *> in_order;
    for (const auto &[key, suite] : suites_) in_order.push_back(&suite);
    std::stable_sort(in_order.begin(), in_order.end(),
                     [](const Suite *left, const Suite *right) { return left->place() < right->place(); });
    std::size_t id = 0;
    for (const Suite *suite : in_order) suite->write_to(root, id++, hypervisor_, host);
    std::ostringstream text;
    document.save(text, kIndent, pugi::format_default, pugi::encoding_utf8);
    write_with_cases(text.str(), in_order);
  }

  /// Writes the document, with the cases of each suite in place of its element kCases.
  void write_with_cases(std::string_view text, const std::vector<const Suite *> &suites) const {
    storage::WholeFile file(file_);
    const std::string begin = fmt::format("    <{} ", kCases);
    for (const Suite *suite : suites) {
      if (!suite->has_cases()) continue;
      const std::size_t place = text.find(begin);
      file.write(text.substr(0, place));
      suite->write_cases(file);
      text.remove_prefix(text.find('\n', place) + 1);
    }
    file.write(text);
    file.commit();
  }

  std::filesystem::path file_;
  storage::Spool spool_;
  std::string hypervisor_;
  std::map<std::pair<std::string, std::string>, Suite> suites_;  ///< by plan file and name
};

}  // namespace

std::unique_ptr<outcome::Listener> make_junit(std::filesystem::path file) {
  return std::make_unique<Junit>(std::move(file));
}

}  // namespace kmodtest::report
