// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/sched/sched_events.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "base/error.hpp"
#include "text/number.hpp"

namespace kmodtest::observe {
namespace {

using Kind = SchedEvent::Kind;

/// Maps the fields of an event to those of SchedEvent.
struct Layout {
  std::string_view event;
  Kind kind;
  bool required;
  std::vector<std::string_view> fields;
};

const std::vector<Layout> &layouts() {
  static const std::vector<Layout> all{
      {"sched_switch", Kind::switched, true, {"prev_pid", "prev_state", "prev_comm", "next_pid", "next_comm"}},
      {"sched_wakeup", Kind::woken, true, {"pid", "target_cpu", "comm"}},
      {"sched_wakeup_new", Kind::started, true, {"pid", "target_cpu", "comm"}},
      {"sched_migrate_task", Kind::migrated, true, {"pid", "orig_cpu", "dest_cpu"}},
      {"sched_process_fork", Kind::forked, true, {"parent_pid", "child_pid"}},
      {"sched_process_exit", Kind::exited, true, {"pid"}},
      {"task_rename", Kind::renamed, false, {"pid", "newcomm"}},
      {"cpuhp_enter", Kind::cpu_turns, false, {"cpu", "target", "idx"}},
  };
  return all;
}

/// Returns the text between `key` and the next `end` after it.
std::string_view value_behind(std::string_view text, std::string_view key, char end) {
  const std::size_t found = text.find(key);
  if (found == std::string_view::npos) return {};
  text.remove_prefix(found + key.size());
  return text.substr(0, text.find(end));
}

std::optional<std::uint32_t> to_number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text::whole_number<std::uint32_t>(text);
}

[[noreturn]] void fail(std::string_view event, const std::string &why) {
  throw base::Error(base::Code::trace_unusable,
                    fmt::format("the guest's format of the event {} cannot be used: {}", event, why));
}

/// Returns the name in a declaration: "next_comm" for "char next_comm[16]".
std::string_view name_of(std::string_view declaration) {
  declaration = declaration.substr(0, declaration.find('['));
  return declaration.substr(declaration.rfind(' ') + 1);
}

}  // namespace

SchedFormats::Field SchedFormats::field_of(std::string_view format, std::string_view name) {
  const std::string_view event = value_behind(format, "name: ", '\n');
  for (std::string_view rest = format; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (name_of(value_behind(line, "field:", ';')) != name) continue;
    const auto offset = to_number(value_behind(line, "offset:", ';'));
    const auto size = to_number(value_behind(line, "size:", ';'));
    // A field of an event cannot extend beyond a page.
    constexpr std::uint32_t kMost = 1u << 16;
    if (!offset || !size || *offset > kMost || *size > kMost) fail(event, fmt::format("field {}", name));
    return {.offset = *offset, .size = *size};
  }
  fail(event, fmt::format("it has no field {}", name));
}

SchedFormats::SchedFormats(const std::vector<std::string> &texts) {
  std::vector<std::string_view> known;
  for (const std::string &text : texts) {
    const std::string_view name = value_behind(text, "name: ", '\n');
    const auto layout =
        std::find_if(layouts().begin(), layouts().end(), [&](const Layout &one) { return one.event == name; });
    if (layout == layouts().end()) continue;
    const auto id = to_number(value_behind(text, "ID: ", '\n'));
    if (!id || *id > UINT16_MAX) fail(name, "it has no ID");
    Format format{.name = std::string(name), .kind = layout->kind, .fields = {}};
    for (const std::string_view field : layout->fields) format.fields.push_back(field_of(text, field));
    formats_[static_cast<std::uint16_t>(*id)] = std::move(format);
    known.push_back(name);
  }
  for (const Layout &layout : layouts()) {
    if (layout.required && std::find(known.begin(), known.end(), layout.event) == known.end())
      fail(layout.event, "it is missing");
  }
}

std::optional<SchedEvent> SchedFormats::decode(const RawEvent &raw) const {
  std::uint16_t id = 0;
  // common_type is the first field of every event.
  if (raw.data.size() < sizeof id) throw base::Error(base::Code::trace_unusable, "an event of the trace has no type");
  std::memcpy(&id, raw.data.data(), sizeof id);
  const auto found = formats_.find(id);
  if (found == formats_.end()) return std::nullopt;
  const Format &format = found->second;
  const auto bytes = [&](std::size_t index) {
    const Field &field = format.fields[index];
    if (field.offset + field.size > raw.data.size())
      throw base::Error(base::Code::trace_unusable,
                        fmt::format("an event {} of the trace has {} bytes: too few", format.name, raw.data.size()));
    return raw.data.substr(field.offset, field.size);
  };
  const auto number = [&](std::size_t index) {
    const std::string_view text = bytes(index);
    std::int64_t value = 0;
    std::memcpy(&value, text.data(), std::min(text.size(), sizeof value));
    if (text.size() == sizeof(std::int32_t)) value = static_cast<std::int32_t>(value);
    return value;
  };
  const auto pid = [&](std::size_t index) { return static_cast<std::int32_t>(number(index)); };
  const auto text = [&](std::size_t index) {
    const std::string_view all = bytes(index);
    return all.substr(0, all.find('\0'));
  };
  SchedEvent event;
  event.kind = format.kind;
  event.time = raw.time;
  event.cpu = static_cast<std::int32_t>(raw.cpu);
  event.pid = format.kind == Kind::cpu_turns ? 0 : pid(0);
  switch (format.kind) {
    case Kind::switched:
      event.state = number(1);
      event.name = text(2);
      event.other = pid(3);
      event.other_name = text(4);
      break;
    case Kind::woken:
    case Kind::started:
      event.cpu = pid(1);
      event.name = text(2);
      break;
    case Kind::migrated:
      event.from = pid(1);
      event.to = pid(2);
      break;
    case Kind::forked:
      event.other = pid(1);
      break;
    case Kind::exited:
      break;
    case Kind::renamed:
      event.name = text(1);
      break;
    case Kind::cpu_turns:
      event.cpu = pid(0);
      event.to = pid(1);
      event.from = pid(2);
      break;
  }
  return event;
}

}  // namespace kmodtest::observe
