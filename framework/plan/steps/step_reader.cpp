// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/step_reader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <variant>

#include "plan/steps/kinds.hpp"

namespace kmodtest::plan {
namespace {

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

bool is_points(const Node::Entry &entry) {
  return entry.first.text == points_key().name;
}

/// Returns the entries of a step that say what it does: all except for its points.
std::vector<const Node::Entry *> own_entries(const Node &item) {
  std::vector<const Node::Entry *> entries;
  if (item.kind != Node::Kind::map) return entries;
  for (const Node::Entry &entry : item.entries)
    if (!is_points(entry)) entries.push_back(&entry);
  return entries;
}

std::string shorten(const std::string &text) {
  return cut(printable(text), kLongestLabel);
}

/// Stores what the agent executes and what the controller checks in their places in the step.
void put(wire::Step &, ModinfoCondition condition, Step &step) {
  step.modinfo = std::move(condition);
}

void put(wire::Step &guest, SchedCondition condition, Step &step) {
  step.sched = std::move(condition);
  guest.body = wire::SendTrace{};
  step.guest = std::move(guest);
}

template <class Body>
void put(wire::Step &guest, Body body, Step &step) {
  guest.body = std::move(body);
  step.guest = std::move(guest);
}

}  // namespace

StepReader::StepReader(const std::vector<ModuleSource> &modules, Scope &scope) : modules_(modules), scope_(scope) {}

bool StepReader::reuse(const Step &step) {
  if (!step.guest) return true;
  if (const auto *load = std::get_if<wire::Load>(&step.guest->body)) {
    for (const wire::ModuleToLoad &module : load->modules)
      if (loaded_.contains(module.name)) return false;
    loaded_.account(*load);
  }
  if (const auto *run = std::get_if<wire::RunCommand>(&step.guest->body); run != nullptr && !run->name.empty())
    commands_.insert(run->name);
  return !std::holds_alternative<wire::Repeat>(step.guest->body) || loaded_.names().empty();
}

std::optional<Step> StepReader::read(const Node &item) {
  const std::size_t errors_before = scope_.problems.errors();
  const Node *place = &item;
  const Node *value = &nothing();
  std::string name;
  if (item.kind == Node::Kind::scalar) {
    name = item.text;
  } else if (const auto own = own_entries(item); !own.empty()) {
    place = &own.front()->first;
    value = &own.front()->second;
    name = place->text;
    if (own.size() > 1) refuse_more_keys(own);
  } else {
    scope_.problems.error(Code::bad_step, item,
                          fmt::format("a step is a word or a map with one key, not {} (e.g. - load)",
                                      item.kind == Node::Kind::map ? "an empty map" : kind_phrase(item.kind)));
    loaded_.lose_track();
    return std::nullopt;
  }
  const StepKind *kind = find_step_kind(name);
  if (kind == nullptr) {
    scope_.problems.error(Code::unknown_step, *place,
                          fmt::format("unknown step {}{}", quote(name), suggestion(name, kind_names())));
    loaded_.lose_track();
    return std::nullopt;
  }
  std::optional<Step> step = lower(*kind, *value, *place);
  if (!step || scope_.problems.errors() != errors_before) {
    loaded_.lose_track();
    return std::nullopt;
  }
  step->points = points_of(item);
  return step;
}

void StepReader::refuse_more_keys(const std::vector<const Node::Entry *> &entries) {
  const std::string &first = entries[0]->first.text;
  const Node &second = entries[1]->first;
  const bool step = find_step_kind(second.text) != nullptr;
  scope_.problems.error(
      Code::bad_step, second,
      step ? fmt::format("a step has one key, this one has {} (start a new step with '- {}')", entries.size(),
                         second.text)
           : fmt::format("a step has one key, this one has {} (write {} inside: {}: {{…, {}: …}})", entries.size(),
                         quote(second.text), printable(cut(first, 30)), printable(cut(second.text, 30))));
}

std::uint32_t StepReader::points_of(const Node &item) {
  Node map;
  map.kind = Node::Kind::map;
  for (const Node::Entry &entry : item.entries)
    if (is_points(entry)) map.entries.push_back(entry);
  MapReader reader(map, step_table(), scope_);
  const auto number = reader.integer(points_key().name, 0, kMostPoints);
  return static_cast<std::uint32_t>(number.value_or(0));
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

  wire::Step guest;
  guest.within = kind.action ? kActionWithin : kConditionWithin;
  StepContent content = content_of(kind);
  StepInput input{.reader = reader,
                  .value = value,
                  .scope = scope_,
                  .modules = modules_,
                  .loaded = loaded_,
                  .commands = commands_,
                  .step = step,
                  .guest = guest};
  const auto label = std::visit([&input](auto &body) { return plan::read(body, input); }, content);
  if (kind.table->find("within") != nullptr)
    if (const auto within = reader.duration("within")) guest.within = *within;
  if (kind.table->find("for") != nullptr && !kind.action)
    if (const auto hold = reader.duration("for")) guest.hold_for = *hold;
  if (!label) return std::nullopt;
  guest.label = shorten(kind.name + " " + *label);
  std::visit([&](auto &body) { put(guest, std::move(body), step); }, content);
  return step;
}

std::optional<Step> StepReader::final_unload(const Node &steps) const {
  if (loaded_.names().empty()) return std::nullopt;
  wire::Unload unload;
  unload.added = true;
  unload.modules.assign(loaded_.names().rbegin(), loaded_.names().rend());
  Step step;
  step.where = scope_.source.at(steps);
  step.key = "unload";
  step.source = "(unload at the end of the plan)";
  wire::Step guest;
  guest.within = kActionWithin;
  guest.label = shorten("unload " + label_of(unload));
  guest.body = std::move(unload);
  step.guest = std::move(guest);
  return step;
}

}  // namespace kmodtest::plan
