// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/ci/ci_log.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "judge/observations.hpp"
#include "outcome/result.hpp"
#include "report/failure/failure.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/replace.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kAnnotationsOfAStep = 10;  ///< errors, and as many warnings, that GitHub accepts from one step
constexpr std::size_t kLinesOfAValue = 6;        ///< of the expected and the observed value in an annotation

/// Escapes the data of one of GitHub's commands.
std::string escaped(std::string text) {
  text = text::replaced(std::move(text), "%", "%25");
  text = text::replaced(std::move(text), "\r", "%0D");
  text = text::replaced(std::move(text), "\n", "%0A");
  return text;
}

/// Escapes the value of a command's property.
std::string escaped_property(std::string text) {
  text = escaped(std::move(text));
  text = text::replaced(std::move(text), ":", "%3A");
  text = text::replaced(std::move(text), ",", "%2C");
  return text;
}

void add_value(std::string &message, std::string_view name, std::string_view value) {
  std::vector<std::string> lines = text::lines_of(value);
  if (lines.empty()) return;
  const bool cut = lines.size() > kLinesOfAValue;
  if (cut) lines.resize(kLinesOfAValue);
  message += fmt::format("\n{}:{}", name, lines.size() == 1 ? " " : "\n");
  for (std::size_t index = 0; index < lines.size(); ++index) {
    message += (index > 0 ? "\n" : "") + text::printable(lines[index]);
  }
  if (cut) message += "\n…";
}

/// Returns the path relative to the root of the repository, if it is below it.
std::string below(const std::filesystem::path &root, const std::filesystem::path &file) {
  if (root.empty()) return file.string();
  std::error_code error;
  const auto whole = std::filesystem::absolute(file, error).lexically_normal();
  const auto relative = whole.lexically_relative(root.lexically_normal());
  return relative.empty() || *relative.begin() == ".." ? file.string() : relative.string();
}

}  // namespace

Annotation annotation_of(const outcome::CaseFinished &finished) {
  Annotation made;
  made.warning = finished.flaky();
  made.file = finished.test_case->plan_file;
  made.title = headline(finished, Palette(false));
  made.message = text::printable(reason(finished));
  // A flaky case passed in the end; the annotation is about the last attempt that did not.
  const judge::Verdict &verdict =
      finished.flaky() && !finished.earlier.empty() ? finished.earlier.back().verdict : finished.verdict;
  if (!verdict.evidence.empty()) {
    const judge::Evidence &evidence = verdict.evidence.front();
    if (finished.flaky()) add_value(made.message, "before", evidence.summary);
    if (evidence.where.line > 0) {
      made.file = evidence.where.file;
      made.line = evidence.where.line;
      made.column = evidence.where.column;
    }
    add_value(made.message, "expected", evidence.expected);
    add_value(made.message, "seen", evidence.seen);
  }
  add_value(made.message, "again", command_to_repeat(finished));
  return made;
}

std::string CiLog::on_again() const {
  return options_.system == CiSystem::github ? fmt::format("::{}::\n", options_.token) : "";
}

std::string CiLog::off() const {
  return options_.system == CiSystem::github ? fmt::format("::stop-commands::{}\n", options_.token) : "";
}

std::string CiLog::begin() const {
  return off();
}

std::string CiLog::end() const {
  return on_again();
}

std::string CiLog::section(std::string_view title, const std::string &body) {
  switch (options_.system) {
    case CiSystem::none:
      break;
    case CiSystem::github:
      return on_again() + fmt::format("::group::{}\n", escaped(std::string(title))) + off() + body + on_again() +
             "::endgroup::\n" + off();
    case CiSystem::gitlab: {
      // The carriage return and the erase sequence hide the marks from readers outside of GitLab.
      const std::string name = fmt::format("kmodtest_{}", ++sections_);
      const std::time_t start = options_.clock();
      return fmt::format("\x1b[0Ksection_start:{}:{}[collapsed=true]\r\x1b[0K{}\n", start, name, title) + body +
             fmt::format("\x1b[0Ksection_end:{}:{}\r\x1b[0K\n", options_.clock(), name);
    }
  }
  return fmt::format("{}\n{}", title, body);
}

std::string CiLog::annotation(const Annotation &one) const {
  std::string properties;
  auto add = [&properties](std::string_view name, const std::string &value) {
    properties += fmt::format("{}{}={}", properties.empty() ? " " : ",", name, escaped_property(value));
  };
  if (!one.file.empty()) add("file", below(options_.root, one.file));
  if (one.line > 0) add("line", std::to_string(one.line));
  if (one.line > 0 && one.column > 0) add("col", std::to_string(one.column));
  add("title", one.title);
  return fmt::format("::{}{}::{}\n", one.warning ? "warning" : "error", properties, escaped(one.message));
}

std::string CiLog::annotations(const std::vector<Annotation> &all) const {
  if (options_.system != CiSystem::github || all.empty()) return {};
  std::string text = on_again();
  for (const bool warning : {false, true}) {
    std::vector<Annotation> level;
    std::copy_if(all.begin(), all.end(), std::back_inserter(level),
                 [warning](const Annotation &one) { return one.warning == warning; });
    if (level.size() > kAnnotationsOfAStep) {
      Annotation rest;
      rest.warning = warning;
      const std::size_t told = kAnnotationsOfAStep - 1;
      rest.title = fmt::format("{} more {}", level.size() - told, warning ? "were flaky" : "did not pass");
      for (std::size_t index = told; index < level.size(); ++index) {
        rest.message += (index > told ? "\n" : "") + level[index].title;
      }
      level.resize(told);
      level.push_back(std::move(rest));
    }
    for (const Annotation &one : level) text += annotation(one);
  }
  return text + off();
}

std::string CiLog::joined(std::string text) const {
  if (options_.system == CiSystem::github) return text::replaced(std::move(text), off() + on_again(), "");
  return text;
}

}  // namespace kmodtest::report
