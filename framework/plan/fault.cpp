// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/fault.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <set>
#include <utility>

#include "plan/plan.hpp"
#include "plan/reader.hpp"
#include "plan/steps/step_input.hpp"
#include "wire/faults.hpp"

namespace kmodtest::plan {
namespace {

constexpr std::int64_t kMostCalls = 1'000'000;
constexpr std::uint32_t kPerPercent = Fault::kAlways / 100;

void read_numbers(MapReader &reader, Fault &fault) {
  const auto nth = reader.integer("nth", 1, kMostCalls);
  const auto every = reader.integer("every", 1, kMostCalls);
  const auto percent = reader.integer("percent", 1, 100);
  if (nth) {
    for (const char *other : {"every", "percent"})
      if (reader.has(other))
        reader.error(Code::keys_exclude, other,
                     fmt::format("'{}' cannot be combined with 'nth' (one call fails)", other));
  }
  if (reader.has("seed") && !reader.has("percent"))
    reader.error(Code::key_needs_another, "seed", "'seed' chooses the calls that 'percent' lets fail");
  if (!nth && !every && !percent) return;
  fault.mode = Fault::Mode::fail;
  fault.from = static_cast<std::uint64_t>(nth.value_or(every.value_or(1)));
  fault.until = nth ? fault.from : Fault::kNoEnd;
  if (percent) fault.chance = static_cast<std::uint32_t>(*percent) * kPerPercent;
}

Step made_up(const Step &like, const std::string &key, const std::string &label, wire::StepBody body) {
  Step step;
  step.where = like.where;
  step.key = key;
  step.source = like.source;
  step.guest = wire::Step{.body = std::move(body), .within = kActionWithin, .label = label};
  return step;
}

/// Returns the modules of the loads that have to succeed, each once, in the order of loading. A run without a plan has
/// loads whose modules are filled in later; `open` is set then.
std::vector<wire::ModuleToLoad> loaded_modules(const Case &test_case, bool &open, const Step *&load_step) {
  std::vector<wire::ModuleToLoad> modules;
  std::set<std::string> known;
  for (const Step &step : test_case.steps) {
    const auto *load = step.guest ? std::get_if<wire::Load>(&step.guest->body) : nullptr;
    if (load == nullptr || load->expected_errno != 0) continue;
    if (load_step == nullptr) load_step = &step;
    open = open || load->modules.empty();
    for (const wire::ModuleToLoad &module : load->modules)
      if (known.insert(module.name).second) modules.push_back(module);
  }
  return modules;
}

void add_load_again(Case &test_case) {
  bool open = false;
  const Step *load_step = nullptr;
  std::vector<wire::ModuleToLoad> modules = loaded_modules(test_case, open, load_step);
  if (modules.empty() && !open) return;
  wire::Unload unload;
  unload.added = true;
  for (const wire::ModuleToLoad &module : modules) unload.modules.insert(unload.modules.begin(), module.name);
  const Step like = *load_step;
  const auto add = [&](const char *key, const char *label, wire::StepBody body) {
    const Step step = made_up(like, key, label, std::move(body));
    test_case.timeout += step.guest->within;
    test_case.steps.push_back(step);
  };
  add("unload", "unload what is loaded", unload);
  add("write", "let no further call fail", wire::WriteFile{.path = wire::kFaultFile, .content = "off"});
  add("load", "load again", wire::Load{.modules = std::move(modules)});
  add("unload", "unload again", std::move(unload));
}

}  // namespace

Fault read_fault(const Node &map, Scope &scope) {
  Fault fault;
  MapReader reader(map, fail_table(), scope);
  read_numbers(reader, fault);
  fault.seed = static_cast<std::uint64_t>(reader.integer("seed", 1, Fault::kNoEnd).value_or(1));
  fault.functions = reader.texts("functions");
  fault.tolerates = reader.texts("tolerates");
  return fault;
}

std::string fault_text(const Fault &fault) {
  std::string text;
  const auto list = [&text](const char *key, const std::vector<std::string> &values) {
    if (values.empty()) return;
    text += fmt::format("  {}:\n", key);
    for (const std::string &value : values) text += fmt::format("    - \"{}\"\n", value);
  };
  if (fault.mode == Fault::Mode::fail) {
    if (fault.from == fault.until) {
      text += fmt::format("  nth: {}\n", fault.from);
    } else {
      text += fmt::format("  every: {}\n", fault.from);
      if (fault.chance != Fault::kAlways)
        text += fmt::format("  percent: {}\n  seed: {}\n", fault.chance / kPerPercent, fault.seed);
    }
  }
  list("functions", fault.functions);
  list("tolerates", fault.tolerates);
  return text.empty() ? text : "fail:\n" + text;
}

Fault fault_of(const Case &test_case) {
  return test_case.fault ? *test_case.fault : Fault{};
}

bool has_fault(const Case &test_case) {
  return test_case.fault && test_case.fault->mode != Fault::Mode::none;
}

bool needs_fault_module(const Case &test_case) {
  return has_fault(test_case) || test_case.checks.memory;
}

Case with_fault(Case test_case, Fault fault) {
  if (fault.mode != Fault::Mode::none) {
    std::erase_if(test_case.steps, [](const Step &step) {
      return step.guest && std::holds_alternative<wire::Repeat>(step.guest->body);
    });
  }
  if (fault.mode == Fault::Mode::fail) add_load_again(test_case);
  test_case.fault = std::make_shared<const Fault>(std::move(fault));
  return test_case;
}

Case with_failing_call(const Case &test_case, std::uint64_t number, const std::string &call) {
  Fault fault = fault_of(test_case);
  fault.mode = Fault::Mode::fail;
  fault.from = fault.until = number;
  fault.chance = Fault::kAlways;
  fault.call = call;
  Case made = with_fault(test_case, std::move(fault));
  const std::string name = fmt::format("fail={}{}{}", number, call.empty() ? "" : ":", call);
  const std::size_t end = made.id.rfind(']');
  made.id = end == std::string::npos ? fmt::format("{} [{}]", made.id, name) : made.id.insert(end, ' ' + name);
  made.point["fail"] = std::to_string(number);
  made.options.insert(made.options.end(), {"--fail", std::to_string(number)});
  return made;
}

std::string id_to_select(const Case &test_case) {
  std::string id = test_case.id;
  if (!test_case.fault || test_case.fault->call.empty()) return id;
  const std::string call = ':' + test_case.fault->call;
  const std::size_t at = id.rfind(call);
  return at == std::string::npos ? id : id.erase(at, call.size());
}

}  // namespace kmodtest::plan
