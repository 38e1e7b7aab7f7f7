// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "cli/command.hpp"
#include "cli/doctor/machine.hpp"
#include "report/listeners.hpp"
#include "report/terminal/palette.hpp"
#include "text/escape.hpp"
#include "text/json.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"

namespace kmodtest::cli {

namespace {

std::size_t number_of(const std::vector<Check> &checks, Mark mark) {
  return static_cast<std::size_t>(
      std::count_if(checks.begin(), checks.end(), [&](const Check &check) { return check.mark == mark; }));
}

std::string summary_of(const std::vector<Check> &checks) {
  const std::size_t fails = number_of(checks, Mark::fail), warnings = number_of(checks, Mark::warn);
  if (fails > 0) return fmt::format("{} to fix before kmodtest can run", text::counted(fails, "thing"));
  if (warnings > 0) return fmt::format("kmodtest runs here; {} could be better", text::counted(warnings, "thing"));
  return "kmodtest runs here, and nothing is missing";
}

}  // namespace

std::string render_checks(const std::vector<Check> &checks, bool colours) {
  const report::Palette palette(colours);
  const auto painted = [&](Mark mark) {
    const std::string text = text::pad_right(mark_name(mark), 4);
    return mark == Mark::ok ? palette.green(text) : mark == Mark::warn ? palette.yellow(text) : palette.red(text);
  };
  std::size_t width = 0;
  for (const Check &check : checks) width = std::max(width, check.topic.size());
  std::string text;
  for (const Check &check : checks) {
    text += fmt::format("{}  {:{}}  {}\n", painted(check.mark), check.topic, width, text::printable(check.words));
    if (!check.remedy.empty())
      text += fmt::format("{}-> {}\n", std::string(6 + width + 2, ' '), text::printable(check.remedy));
  }
  return text + "\n" + summary_of(checks) + "\n";
}

std::string checks_json(const std::vector<Check> &checks) {
  text::Json json{{"schema", "kmodtest-doctor"}, {"version", 1}, {"ok", number_of(checks, Mark::fail) == 0}};
  json["checks"] = text::Json::array();
  for (const Check &check : checks) {
    json["checks"].push_back({{"mark", mark_name(check.mark)},
                              {"topic", check.topic},
                              {"words", check.words},
                              {"mend", check.remedy.empty() ? text::Json(nullptr) : text::Json(check.remedy)}});
  }
  return text::json_text(json, 2) + "\n";
}

std::function<int()> add_doctor(CLI::App &app) {
  auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "print the checks as JSON");
  return [json] {
    const std::vector<Check> checks = examine(look_at_this_machine());
    fmt::print("{}", *json ? checks_json(checks)
                           : render_checks(checks, report::console_options_from_environment(stdout).color));
    return number_of(checks, Mark::fail) == 0 ? 0 : 1;
  };
}

}  // namespace kmodtest::cli
