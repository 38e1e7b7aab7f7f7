// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/step_reader.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <utility>

#include "plan/module_lookup.hpp"

namespace kmodtest::plan {
namespace {

using namespace std::chrono_literals;

constexpr wire::Microseconds kActionWithin = 10s;
constexpr wire::Microseconds kConditionWithin = 5s;
constexpr std::size_t kLongestLabel = 60;  // bytes; the label becomes a line of the kernel log

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const StepKind &kind : step_kinds()) names.push_back(kind.name);
  return names;
}

const Node &nothing() {
  static const Node node;
  return node;
}

std::string shorten(const std::string &text) {
  return cut(printable(text), kLongestLabel);
}

std::string label_of(const std::string &key, const wire::StepBody &body, const std::string &source_value) {
  struct Namer {
    const std::string &value;
    std::string operator()(const wire::Load &load) const {
      std::vector<std::string> names;
      for (const wire::ModuleToLoad &module : load.modules) names.push_back(module.name);
      return fmt::format("{}", fmt::join(names, " "));
    }
    std::string operator()(const wire::Unload &unload) const {
      return fmt::format("{}", fmt::join(unload.modules, " "));
    }
    std::string operator()(const wire::LogCondition &log) const {
      std::vector<std::string> parts;
      const auto part = [&](const char *name, std::size_t number) {
        if (number > 0) parts.push_back(fmt::format("{} {}", name, number));
      };
      part("in_order", log.in_order.size());
      part("contains", log.contains.size());
      part("absent", log.absent.size());
      part("count", log.counts.size());
      part("interval", log.intervals.size());
      return fmt::format("{}", fmt::join(parts, " "));
    }
    std::string operator()(const wire::ThreadCondition &threads) const { return threads.thread; }
    std::string operator()(const wire::ModuleCondition &module) const { return module.module; }
    std::string operator()(const wire::FileCondition &file) const { return file.path; }
    std::string operator()(const wire::WriteFile &file) const { return file.path; }
    std::string operator()(const wire::RunCommand &run) const { return run.command; }
    std::string operator()(const wire::SetCpus &cpus) const {
      std::string out;
      if (!cpus.offline.empty()) out += "offline " + cpus.offline;
      if (!cpus.online.empty()) out += (out.empty() ? "online " : " online ") + cpus.online;
      return out;
    }
    std::string operator()(const wire::Sleep &) const { return value; }
    std::string operator()(const wire::SendTrace &) const { return value; }
    std::string operator()(const wire::Repeat &repeat) const { return std::to_string(repeat.times); }
  };
  return shorten(key + " " + std::visit(Namer{source_value}, body));
}

}  // namespace

std::string guest_module_path(const std::string &name) {
  return "/tmp/modules/" + name + ".ko";
}

StepReader::StepReader(const std::vector<ModuleSource> &modules, const std::vector<std::string> &kernel_modules,
                       Scope &scope)
    : modules_(modules), kernel_modules_(kernel_modules), scope_(scope) {}

bool StepReader::is_loaded(const std::string &name) const {
  return std::find(loaded_.begin(), loaded_.end(), name) != loaded_.end();
}

void StepReader::account(const wire::Load &load) {
  for (const wire::ModuleToLoad &module : load.modules) {
    if (load.expected_errno != 0 && &module == &load.modules.back()) break;
    if (!is_loaded(module.name)) loaded_.push_back(module.name);
  }
}

void StepReader::account(const wire::Unload &unload) {
  if (unload.expected_errno != 0) return;
  for (const std::string &name : unload.modules) std::erase(loaded_, name);
}

bool StepReader::reuse(const Step &step) {
  if (!step.guest) return true;
  if (const auto *load = std::get_if<wire::Load>(&step.guest->body)) {
    for (const wire::ModuleToLoad &module : load->modules)
      if (is_loaded(module.name)) return false;
    account(*load);
  }
  return !std::holds_alternative<wire::Repeat>(step.guest->body) || loaded_.empty();
}

std::optional<Step> StepReader::read(const Node &item) {
  const std::size_t errors_before = scope_.problems.errors();
  const Node *place = &item;
  const Node *value = &nothing();
  std::string name;
  if (item.kind == Node::Kind::scalar) {
    name = item.text;
  } else if (item.kind == Node::Kind::map && !item.entries.empty()) {
    place = &item.entries.front().first;
    value = &item.entries.front().second;
    name = place->text;
    if (item.entries.size() > 1) {
      const Node &second = item.entries[1].first;
      const bool step = find_step_kind(second.text) != nullptr;
      scope_.problems.error(Code::bad_step, second,
                            step
                                ? fmt::format("a step has one key, this one has {} (start a new step with '- {}')",
                                              item.entries.size(), second.text)
                                : fmt::format("a step has one key, this one has {} (write {} inside: {}: {{…, {}: …}})",
                                              item.entries.size(), quote(second.text), printable(cut(name, 30)),
                                              printable(cut(second.text, 30))));
    }
  } else {
    scope_.problems.error(Code::bad_step, item,
                          fmt::format("a step is a word or a map with one key, not {} (e.g. - load)",
                                      item.kind == Node::Kind::map ? "an empty map" : kind_phrase(item.kind)));
    unsure_ = true;
    return std::nullopt;
  }
  const StepKind *kind = find_step_kind(name);
  if (kind == nullptr) {
    scope_.problems.error(Code::unknown_step, *place,
                          fmt::format("unknown step {}{}", quote(name), suggestion(name, kind_names())));
    unsure_ = true;
    return std::nullopt;
  }
  std::optional<Step> step = lower(*kind, *value, *place);
  if (!step || scope_.problems.errors() != errors_before) {
    unsure_ = true;
    return std::nullopt;
  }
  return step;
}

std::optional<Step> StepReader::lower(const StepKind &kind, const Node &value, const Node &place) {
  const bool can_be_short = !kind.short_key.empty();
  if (value.kind == Node::Kind::null && !kind.bare) {
    scope_.problems.error(Code::bad_step, place,
                          fmt::format("the step '{}' needs a value (e.g. - {})", kind.name, kind.example));
    return std::nullopt;
  }
  const bool is_map = value.kind == Node::Kind::map;
  if ((is_map && kind.short_only) || (!is_map && value.kind != Node::Kind::null && !can_be_short)) {
    scope_.problems.error(Code::bad_step, value,
                          fmt::format("'{}' takes {}, not {} (e.g. - {})", kind.name,
                                      kind.short_only ? "a duration" : "a map", kind_phrase(value.kind), kind.example));
    return std::nullopt;
  }
  Node map = as_map(value, kind.short_key);
  if (value.kind == Node::Kind::null) {
    map.line = place.line;
    map.column = place.column;
  }
  MapReader reader(map, *kind.table, scope_);
  Step step;
  step.where = scope_.source.at(place);
  step.key = kind.name;
  step.source = scope_.source.line(place.line);

  if (kind.name == "modinfo") {
    step.modinfo = modinfo(reader);
    return step.modinfo ? std::optional(std::move(step)) : std::nullopt;
  }
  wire::Step guest;
  guest.within = kind.action ? kActionWithin : kConditionWithin;
  std::optional<wire::StepBody> body;
  std::string source_value;
  if (kind.name == "load")
    body = load(reader);
  else if (kind.name == "unload")
    body = unload(reader);
  else if (kind.name == "dmesg")
    body = dmesg(reader, step);
  else if (kind.name == "ps")
    body = ps(reader);
  else if (kind.name == "lsmod")
    body = lsmod(reader);
  else if (kind.name == "file")
    body = file(reader);
  else if (kind.name == "write")
    body = write(reader);
  else if (kind.name == "run")
    body = run(reader);
  else if (kind.name == "cpu")
    body = cpu(reader);
  else if (kind.name == "repeat")
    body = repeat(reader);
  else if (kind.name == "sched") {
    step.sched = sched(reader);
    if (step.sched) {
      body = wire::SendTrace{};
      source_value = step.sched->thread;
      for (const std::string &name : step.sched->never_together)
        source_value += (source_value.empty() ? "" : " ") + name;
    }
  } else if (const auto duration = reader.duration("duration")) {
    body = wire::Sleep{*duration};
    guest.within = *duration + kActionWithin;
    source_value = scope_.fill(value).value_or("");
  }
  if (kind.table->find("within") != nullptr)
    if (const auto within = reader.duration("within")) guest.within = *within;
  if (kind.table->find("for") != nullptr && !kind.action)
    if (const auto hold = reader.duration("for")) guest.hold_for = *hold;
  if (!body) return std::nullopt;
  guest.body = std::move(*body);
  guest.label = label_of(kind.name, guest.body, source_value);
  step.guest = std::move(guest);
  return step;
}

std::vector<std::string> StepReader::named_modules(MapReader &reader, const std::vector<std::string> &all) {
  if (!reader.has("module")) return all;
  std::vector<const Node *> places;
  std::vector<std::string> out;
  const std::vector<std::string> texts = reader.texts("module", &places);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string name = lsmod_name(texts[i]);
    const bool known =
        std::any_of(modules_.begin(), modules_.end(), [&](const ModuleSource &m) { return m.name == name; });
    if (!known && scope_.modules_known) {
      std::vector<std::string> names;
      for (const ModuleSource &module : modules_) names.push_back(module.name);
      scope_.problems.error(
          Code::unknown_module, *places[i],
          fmt::format("the module {} is not one of this plan's{}", quote(texts[i]), suggestion(name, names)));
    } else if (std::find(out.begin(), out.end(), name) != out.end()) {
      scope_.problems.error(Code::module_named_twice, *places[i],
                            fmt::format("the module {} is named twice", quote(texts[i])));
    } else {
      out.push_back(name);
    }
  }
  if (out.empty() && texts.empty() && !scope_.problems.any_error())
    reader.error(Code::empty_value, "module", "the list of modules is empty");
  return out;
}

std::optional<wire::StepBody> StepReader::load(MapReader &reader) {
  std::vector<std::string> all;
  for (const ModuleSource &module : modules_) all.push_back(module.name);
  const std::vector<std::string> names = named_modules(reader, all);
  wire::Load load;
  load.expected_errno = reader.errno_value("errno").value_or(0);
  for (const std::string &name : names) {
    const bool last = &name == &names.back();
    if (is_loaded(name) && !unsure_ && scope_.modules_known && !(last && load.expected_errno != 0))
      reader.error(Code::module_loaded_already, "module",
                   fmt::format("the module '{}' is loaded already (unload it first)", name));
    load.modules.push_back({name, guest_module_path(name), {}});
  }
  const auto params = reader.parameters("params");
  if (load.modules.empty()) return std::nullopt;
  for (const auto &[name, value] : params) load.modules.back().params[name] = value;
  account(load);
  return load;
}

wire::Repeat repeat_of(std::vector<wire::ModuleToLoad> modules, std::uint32_t times, wire::Microseconds hold_for) {
  constexpr std::uint32_t kCounts = 10;
  constexpr std::uint32_t kLongestWarmUp = 20;
  const std::uint32_t warm_up = std::clamp<std::uint32_t>(times / 10, 2, kLongestWarmUp);
  return {std::move(modules), warm_up, times, std::min(times, kCounts), hold_for};
}

wire::Microseconds time_for(const wire::Repeat &repeat) {
  constexpr wire::Microseconds kRound = 3s;
  return (repeat.warm_up + repeat.times) * (repeat.hold_for + kRound);
}

std::optional<wire::StepBody> StepReader::repeat(MapReader &reader) {
  std::vector<std::string> all;
  for (const ModuleSource &module : modules_) all.push_back(module.name);
  std::vector<wire::ModuleToLoad> modules;
  for (const std::string &name : named_modules(reader, all)) {
    if (is_loaded(name) && !unsure_ && scope_.modules_known)
      reader.error(Code::module_loaded_already, "module",
                   fmt::format("the module '{}' is loaded already (unload it first)", name));
    modules.push_back({name, guest_module_path(name), {}});
  }
  const auto params = reader.parameters("params");
  const auto times = reader.integer("times", kFewestRounds, kMostRounds);
  const auto hold = reader.duration("for");
  if (modules.empty() || !times) return std::nullopt;
  for (const auto &[name, value] : params) modules.back().params[name] = value;
  return repeat_of(std::move(modules), static_cast<std::uint32_t>(*times), hold.value_or(kRepeatHold));
}

std::optional<wire::StepBody> StepReader::unload(MapReader &reader) {
  const std::vector<std::string> all(loaded_.rbegin(), loaded_.rend());
  wire::Unload unload;
  unload.modules = named_modules(reader, all);
  unload.force = reader.boolean("force").value_or(false);
  unload.expected_errno = reader.errno_value("errno").value_or(0);
  const bool sure = !unsure_ && scope_.modules_known;
  if (!reader.has("module") && unload.modules.empty() && sure)
    reader.error(
        Code::module_not_loaded, "module",
        "no module is loaded here that could be unloaded (a load that is refused with an errno does not count)");
  for (const std::string &name : unload.modules)
    if (sure && !is_loaded(name) && unload.expected_errno == 0)
      reader.error(Code::module_not_loaded, "module",
                   fmt::format("the module '{}' is not loaded here (load it in an earlier step)", name));
  account(unload);
  return unload;
}

std::optional<Step> StepReader::final_unload(const Node &steps) const {
  if (loaded_.empty()) return std::nullopt;
  wire::Unload unload;
  unload.modules.assign(loaded_.rbegin(), loaded_.rend());
  Step step;
  step.where = scope_.source.at(steps);
  step.key = "unload";
  step.source = "(unload at the end of the plan)";
  wire::Step guest;
  guest.within = kActionWithin;
  guest.label = label_of("unload", unload, {});
  guest.body = std::move(unload);
  step.guest = std::move(guest);
  return step;
}

}  // namespace kmodtest::plan
