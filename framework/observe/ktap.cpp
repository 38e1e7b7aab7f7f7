// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/ktap.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <regex>
#include <string_view>
#include <utility>

#include "text/number.hpp"
#include "text/replace.hpp"

namespace kmodtest::observe {
namespace {

constexpr std::size_t kMostDiagnostics = 8;  // lines
constexpr std::size_t kLongestResult = 500;  // bytes

/// Tests with the same indentation.
struct Level {
  std::size_t indent = 0;
  std::string name = {};                    ///< "# Subtest: NAME"
  std::optional<std::size_t> planned = {};  ///< "1..N"
  std::size_t seen = 0;
  bool failed = false;  ///< one of its tests
};

struct ResultLine {
  bool ok = false;
  std::string name;
  std::string directive;  ///< "SKIP", "TODO"
  std::string reason;
};

std::optional<ResultLine> result_in(const std::string &text) {
  static const std::regex form(R"re((ok|not ok)\s+\d+\s*(?:-\s*)?([^#]*?)\s*(?:#\s*([A-Za-z]+):?\s*(.*))?)re");
  std::smatch match;
  if (!text.starts_with("ok ") && !text.starts_with("not ok ")) return std::nullopt;
  const std::string start = text.substr(0, kLongestResult);  // std::regex needs a stack as deep as the text is long
  if (!std::regex_match(start, match, form)) return std::nullopt;
  std::string directive = match[3];
  std::transform(directive.begin(), directive.end(), directive.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return ResultLine{.ok = match[1] == "ok", .name = match[2], .directive = directive, .reason = match[4]};
}

/// Returns what is before "KTAP version 1" or "TAP version 13" at the end of a line; nothing for other lines.
std::optional<std::string> text_before_header(const std::string &line) {
  constexpr std::string_view kHeader = "TAP version ";
  const std::size_t at = line.find(kHeader);
  if (at == std::string::npos) return std::nullopt;
  const std::string version(text::trimmed(line.substr(at + kHeader.size())));
  const bool is_number = !version.empty() && version.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) return std::nullopt;
  return line.substr(0, at > 0 && line[at - 1] == 'K' ? at - 1 : at);
}

bool is_header(const std::string &text) {
  const auto before = text_before_header(text);
  return before && before->empty();
}

class Parser {
 public:
  void take(std::string line, std::size_t number) {
    if (levels_.empty()) {
      // A module's pr_fmt() puts its name before each line.
      const auto before = text_before_header(line);
      prefix_ = before && !text::trimmed(*before).empty() ? *before : std::string();
    }
    if (!prefix_.empty()) {
      if (!line.starts_with(prefix_)) return;
      line.erase(0, prefix_.size());
    }
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const std::string text(text::trimmed(line));
    number_ = number;
    if (is_header(text)) {
      open(indent).planned.reset();
    } else if (text.starts_with("# Subtest: ")) {
      open(indent).name = text.substr(text.find(": ") + 2);
    } else if (!levels_.empty()) {
      take_inside(indent, text);
    }
  }

  std::vector<KtapTest> end() {
    close_deeper_than(0);
    if (!levels_.empty()) close();
    return std::move(tests_);
  }

 private:
  void take_inside(std::size_t indent, const std::string &text) {
    if (text.starts_with("1..")) {
      open(indent).planned = text::leading_number<std::size_t>(text.substr(3));
    } else if (text.starts_with("Bail out!")) {
      add({.name = suite() + "bail out", .result = KtapTest::Result::failed, .reason = text});
      levels_.back().failed = true;
    } else if (const auto result = result_in(text)) {
      take_result(indent, *result);
    } else if (text.starts_with('#') || indent > levels_.back().indent) {
      if (diagnostics_.size() < kMostDiagnostics) diagnostics_.push_back(text);
    }
  }

  /// Returns the level with this indentation, without those below it; a new one if there is none.
  Level &open(std::size_t indent) {
    close_deeper_than(indent);
    if (levels_.empty() || levels_.back().indent < indent) levels_.push_back({.indent = indent});
    return levels_.back();
  }

  /// Closes the levels below `indent`, and returns whether there were any; `failed` if one of their tests did.
  std::pair<bool, bool> close_deeper_than(std::size_t indent) {
    bool any = false;
    bool failed = false;
    while (!levels_.empty() && levels_.back().indent > indent) {
      any = true;
      failed = close() || failed;
    }
    return {any, failed};
  }

  /// Removes the last level; returns whether one of its tests failed.
  bool close() {
    const Level &level = levels_.back();
    if (level.planned.value_or(0) > level.seen) {
      add({.name = fmt::format("{}{} of {} tests", suite(), *level.planned - level.seen, *level.planned),
           .result = KtapTest::Result::missing});
      levels_.back().failed = true;
    }
    const bool failed = level.failed;
    levels_.pop_back();
    if (failed && !levels_.empty()) levels_.back().failed = true;
    return failed;
  }

  void take_result(std::size_t indent, const ResultLine &line) {
    const auto [has_tests, explained] = close_deeper_than(indent);
    // Older kernels print no header for a module's suites, so the first of their results has no level.
    if (levels_.empty() || levels_.back().indent < indent) levels_.push_back({.indent = indent});
    Level &level = levels_.back();
    ++level.seen;
    const bool failed = !line.ok && line.directive != "SKIP" && line.directive != "TODO";
    if (failed) level.failed = true;
    if (!has_tests || (failed && !explained)) {
      const auto result = failed                     ? KtapTest::Result::failed
                          : line.directive == "SKIP" ? KtapTest::Result::skipped
                                                     : KtapTest::Result::passed;
      add({.name = suite() + line.name, .result = result, .reason = line.reason});
    }
    diagnostics_.clear();
    // What follows the last result is no KTAP, however it looks.
    const bool complete = levels_.size() == 1 && (level.planned ? level.seen >= *level.planned : has_tests);
    if (complete) levels_.clear();
  }

  std::string suite() const {
    std::string name;
    for (const Level &level : levels_) {
      if (!level.name.empty()) name += level.name + ".";
    }
    return name;
  }

  void add(KtapTest test) {
    if (test.result != KtapTest::Result::passed) test.diagnostics = std::move(diagnostics_);
    diagnostics_.clear();
    test.line = number_;
    tests_.push_back(std::move(test));
  }

  std::vector<Level> levels_;
  std::vector<KtapTest> tests_;
  std::vector<std::string> diagnostics_;
  std::size_t number_ = 0;
  std::string prefix_;
};

}  // namespace

std::vector<KtapTest> parse_ktap(const std::vector<std::string> &lines) {
  Parser parser;
  for (std::size_t i = 0; i < lines.size(); ++i) parser.take(lines[i], i);
  return parser.end();
}

const char *result_name(KtapTest::Result result) {
  switch (result) {
    case KtapTest::Result::passed:
      return "passed";
    case KtapTest::Result::failed:
      return "failed";
    case KtapTest::Result::skipped:
      return "skipped";
    case KtapTest::Result::missing:
      return "missing";
  }
  return "failed";
}

}  // namespace kmodtest::observe
