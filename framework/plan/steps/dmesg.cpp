// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <map>
#include <string>
#include <utility>

#include "plan/module_lookup.hpp"
#include "plan/steps/step_reader.hpp"
#include "text/replace.hpp"

namespace kmodtest::plan {
namespace {

constexpr std::int64_t kMostTimes = 100'000;

/// Reports every key of `others` that is given beside `key`.
void refuse_together(MapReader &reader, const std::string &key, std::initializer_list<const char *> others,
                     const char *why) {
  for (const char *other : others)
    if (reader.has(other))
      reader.error(Code::keys_exclude, other, fmt::format("'{}' cannot stand beside '{}' ({})", other, key, why));
}

char state_letter(const std::string &word) {
  static const std::map<std::string, char> letters{{"running", 'R'}, {"sleeping", 'S'}, {"uninterruptible", 'D'},
                                                   {"idle", 'I'},    {"parked", 'P'},   {"stopped", 'T'},
                                                   {"zombie", 'Z'}};
  return letters.at(word);
}

std::optional<std::string> cpu_text(MapReader &reader, const std::string &key) {
  const auto cpus = reader.cpus(key);
  if (!cpus) return std::nullopt;
  return format_cpu_list(*cpus);
}

}  // namespace

std::optional<wire::StepBody> StepReader::dmesg(MapReader &reader, Step &step) {
  wire::LogCondition log;
  std::vector<const Node *> places;
  log.in_order = reader.patterns("in_order", &places);
  log.contains = reader.patterns("contains", &places);
  log.absent = reader.patterns("absent", &places);
  for (const Node *node : reader.maps("count")) {
    MapReader count(*node, count_table(), scope_);
    const auto of = count.pattern("of");
    const auto is = count.range("is");
    if (is && is->max < 0) count.error(Code::out_of_range, "is", "a count cannot be negative");
    if (!of || !is) continue;
    log.counts.push_back({*of, *is});
    places.push_back(node);
  }
  for (const Node *node : reader.maps("interval")) {
    MapReader interval(*node, interval_table(), scope_);
    const auto of = interval.pattern("of");
    const auto is = interval.interval("is");
    const auto times = interval.integer("times", 1, kMostTimes);
    if (!of || !is) continue;
    log.intervals.push_back({*of, is->min, is->max, static_cast<std::uint32_t>(times.value_or(1))});
    places.push_back(node);
  }
  if (const auto since = reader.choice("since"))
    log.since = *since == "start"  ? wire::LogScope::start
                : *since == "here" ? wire::LogScope::here
                                   : wire::LogScope::action;
  const bool anything = reader.has("in_order") || reader.has("contains") || reader.has("absent") ||
                        reader.has("count") || reader.has("interval");
  if (!anything || (places.empty() && !scope_.problems.any_error()))
    reader.error(Code::checks_nothing, "dmesg",
                 "the dmesg step looks for nothing (give in_order, contains, absent, count or interval)");
  for (const Node *place : places) step.part_locations.push_back(scope_.source.at(*place));
  return log;
}

std::optional<wire::StepBody> StepReader::ps(MapReader &reader) {
  wire::ThreadCondition threads;
  threads.thread = reader.text("thread").value_or("");
  if (reader.has("thread") && threads.thread.empty())
    reader.error(Code::empty_value, "thread", "the thread's name is empty");
  threads.absent = reader.boolean("absent").value_or(false);
  threads.count = reader.range("count");
  if (threads.count && threads.count->max < 0) reader.error(Code::out_of_range, "count", "a count cannot be negative");
  for (const std::string &word : reader.choices("state")) threads.states += state_letter(word);
  threads.cpus = cpu_text(reader, "cpu");
  threads.allowed = cpu_text(reader, "allowed");
  if (threads.absent)
    refuse_together(reader, "absent", {"count", "state", "cpu", "allowed"}, "a thread that is not there has none");
  return threads;
}

std::optional<wire::StepBody> StepReader::lsmod(MapReader &reader) {
  wire::ModuleCondition module;
  const auto name = reader.text("module");
  if (name && !is_module_name(*name))
    reader.error(Code::bad_name, "module", fmt::format("{} cannot be the name of a module", quote(*name)));
  if (name)
    module.module = lsmod_name(*name);
  else if (!modules_.empty())
    module.module = modules_.back().name;
  module.absent = reader.boolean("absent").value_or(false);
  module.users = reader.range("users");
  module.size = reader.range("size");
  if (reader.has("used_by")) {
    std::vector<std::string> users;
    for (const std::string &user : reader.texts("used_by")) users.push_back(lsmod_name(user));
    module.used_by = std::move(users);
  }
  if (module.absent)
    refuse_together(reader, "absent", {"users", "size", "used_by"}, "a module that is not loaded has none");
  return module;
}

std::optional<ModinfoCondition> StepReader::modinfo(MapReader &reader) {
  ModinfoCondition condition;
  const auto name = reader.text("module");
  if (name) {
    condition.module = lsmod_name(*name);
    std::vector<std::string> names;
    for (const ModuleSource &module : modules_) names.push_back(module.name);
    if (scope_.modules_known && std::find(names.begin(), names.end(), condition.module) == names.end())
      reader.error(
          Code::unknown_module, "module",
          fmt::format("the module {} is not one of this plan's{}", quote(*name), suggestion(condition.module, names)));
  } else if (!modules_.empty()) {
    condition.module = modules_.back().name;
  }
  bool any = false;
  const StepKind *kind = find_step_kind("modinfo");
  for (const Key &key : kind->table->keys) {
    if (key.type != Type::pattern || !reader.has(key.name)) continue;
    any = true;
    // An empty text is a meaning here: `depends: ""` says that it depends on nothing.
    const Node *node = reader.find(key.name, Type::pattern);
    if (node->kind == Node::Kind::scalar && node->quoted && node->text.empty())
      condition.fields[key.name] = {};
    else if (const auto pattern = reader.pattern(key.name))
      condition.fields[key.name] = *pattern;
  }
  if (!any)
    reader.error(Code::checks_nothing, "modinfo", "the modinfo step names no field (e.g. - " + kind->example + ")");
  return condition;
}

std::optional<wire::StepBody> StepReader::file(MapReader &reader) {
  wire::FileCondition file;
  file.path = reader.guest_path("path").value_or("");
  const auto exists = reader.boolean("exists");
  const bool absent = reader.boolean("absent").value_or(false);
  if (exists && absent && *exists)
    reader.error(Code::keys_exclude, "exists", "'exists' cannot stand beside 'absent' (they say the opposite)");
  file.absent = absent || (exists && !*exists);
  file.content.equals = reader.text("equals");
  file.content.contains = reader.patterns("contains");
  file.content.absent = reader.patterns("lacks");
  file.content.number = reader.range("number");
  if (const Node *node = reader.map("grows")) {
    MapReader grows(*node, grows_table(), scope_);
    wire::Growth growth;
    if (const auto by = grows.range("by")) growth.by = *by;
    const auto every = grows.interval("every");
    growth.every.min = every ? every->min : wire::Microseconds{0};
    growth.every.max = every ? every->max : std::chrono::hours{1};
    growth.every.gaps = static_cast<std::uint32_t>(grows.integer("times", 1, kMostTimes).value_or(1));
    file.grows = growth;
    refuse_together(reader, "grows", {"equals"}, "what grows does not stay equal");
  }
  if (file.absent)
    refuse_together(reader, absent ? "absent" : "exists: false", {"equals", "contains", "lacks", "number", "grows"},
                    "a file that is not there has no content");
  return file;
}

std::optional<wire::StepBody> StepReader::write(MapReader &reader) {
  wire::WriteFile file;
  file.path = reader.guest_path("path").value_or("");
  file.content = reader.text("content").value_or("");
  file.expected_errno = reader.errno_value("errno").value_or(0);
  return file;
}

std::optional<wire::TextCondition> StepReader::text_condition(MapReader &reader, const std::string &key) {
  const Node *node = reader.find(key, Type::text_condition);
  if (node == nullptr) return wire::TextCondition{};
  if (node->kind == Node::Kind::null) {
    reader.error(Code::wrong_type, key,
                 fmt::format("'{}' takes a pattern or a map, not nothing (e.g. {}: {{equals: ''}})", key, key));
    return std::nullopt;
  }
  const Node map = as_map(*node, "contains");
  MapReader text(map, text_condition_table(), scope_);
  wire::TextCondition condition;
  condition.equals = text.text("equals");
  condition.contains = text.patterns("contains");
  condition.absent = text.patterns("lacks");
  condition.number = text.range("number");
  return condition;
}

std::optional<wire::StepBody> StepReader::run(MapReader &reader) {
  wire::RunCommand run;
  run.command = reader.text("command").value_or("");
  if (reader.has("command") && text::trimmed(run.command).empty())
    reader.error(Code::empty_value, "command", "the command is empty");
  run.background = reader.boolean("background").value_or(false);
  if (const auto exit = reader.range("exit")) {
    if (exit->max < 0 || exit->min > 255) reader.error(Code::out_of_range, "exit", "an exit status is from 0 to 255");
    run.exit_status = *exit;
  }
  run.out = text_condition(reader, "stdout").value_or(wire::TextCondition{});
  run.err = text_condition(reader, "stderr").value_or(wire::TextCondition{});
  if (run.background)
    refuse_together(reader, "background", {"exit", "stdout", "stderr", "within"}, "nobody waits for its end");
  return run;
}

std::optional<wire::StepBody> StepReader::cpu(MapReader &reader) {
  wire::SetCpus set;
  const auto offline = reader.cpus("offline");
  const auto online = reader.cpus("online");
  if (!reader.has("offline") && !reader.has("online"))
    reader.error(Code::checks_nothing, "cpu", "the cpu step switches nothing (give offline or online)");
  if (offline && (*offline & 1) != 0)
    reader.error(Code::cpu_stays_on, "offline", "CPU 0 cannot be switched off (x86 kernels since 6.5 refuse it)");
  if (offline && online && (*offline & *online) != 0)
    reader.error(
        Code::keys_exclude, "online",
        fmt::format("CPU {} is switched off and on in one step (use two)", format_cpu_list(*offline & *online)));
  if (offline) set.offline = format_cpu_list(*offline);
  if (online) set.online = format_cpu_list(*online);
  return set;
}

}  // namespace kmodtest::plan
