// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/race_reader.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "run/postmortem/opened_symbols.hpp"
#include "run/races/report_steps.hpp"
#include "text/module_name.hpp"
#include "text/words.hpp"
#include "wire/kernel_addresses.hpp"

namespace kmodtest::run {
namespace {

using kernel::Address;
using kernel::CodePlace;
using kernel::ModuleSymbols;
using kernel::SourceLine;

constexpr std::size_t kMostCallers = 12;

bool is_in_header(const SourceLine &line) {
  return line.file.starts_with("include/") || line.file.starts_with("arch/") ||
         line.file.find("/include/") != std::string::npos;
}

std::uint64_t instruction_of(const wire::RaceEvent &event) {
  return wire::code_address(event.instruction);
}

/// Returns whether a function of the kernel around the access marks it. The last line is of the module's own function.
bool is_in_marking_function(const std::vector<SourceLine> &lines) {
  return std::any_of(lines.begin(), lines.end() - 1,
                     [](const SourceLine &line) { return is_in_header(line) && is_marking_function(line.function); });
}

std::string task_of(const wire::AccessSeen &seen) {
  const std::string name(seen.task.data(), strnlen(seen.task.data(), seen.task.size()));
  if (name.empty()) return fmt::format("CPU {}", seen.cpu);
  if (seen.in_interrupt != 0) return fmt::format("an interrupt of {} (pid {}) on CPU {}", name, seen.pid, seen.cpu);
  return fmt::format("{} (pid {}) on CPU {}", name, seen.pid, seen.cpu);
}

/// Returns ", value 5"; nothing for accesses that are wider than a register.
std::string value_of(const wire::AccessSeen &seen) {
  constexpr std::uint64_t kShort = 1'000'000;
  if (seen.bytes > sizeof seen.value) return {};
  const std::uint64_t all =
      seen.bytes == sizeof seen.value ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * seen.bytes) - 1;
  const std::uint64_t value = seen.value & all;
  return value < kShort ? fmt::format(", value {}", value) : fmt::format(", value {:#x}", value);
}

}  // namespace

RaceReader::RaceReader(const judge::Observations &seen, const std::vector<LoadEvent> &loads,
                       const kernel::KernelImage *kernel, const std::filesystem::path &headers)
    : seen_(seen), kernel_(kernel) {
  if (kernel != nullptr) functions_ = kernel::sync_functions_of(kernel->symbols());
  for (const kernel::ModuleInfo &info : seen.modules) {
    auto symbols = open_symbols(info.file, headers);
    if (!symbols) continue;  // its instructions have no names
    auto module = std::make_unique<Module>();
    module->name = text::lsmod_name(info.name);
    module->init_function = info.init_function;
    module->exit_function = info.exit_function;
    module->symbols = std::move(symbols);
    module->volatile_names = module->symbols->volatile_names();
    modules_.push_back(std::move(module));
  }
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const LoadEvent &load = loads[i];
    const auto module =
        std::find_if(modules_.begin(), modules_.end(), [&](const auto &one) { return one->name == load.module; });
    if (!load.loads || !load.address || module == modules_.end()) continue;
    Part part{.module = module->get(), .base = *load.address};
    for (std::size_t other = 0; other < loads.size(); ++other) {
      if (loads[other].loads || loads[other].module != load.module) continue;
      if (other < i) part.from = loads[other].reports;
      if (other > i) part.until = std::min<std::uint64_t>(part.until, loads[other].reports);
    }
    parts_.push_back(part);
  }
}

/// Finds the parts with init functions: where an init function can begin, in no other part.
void RaceReader::add_entries(const std::vector<std::uint64_t> &entries) {
  const std::size_t kept = parts_.size();
  for (const std::uint64_t entry : entries) {
    const bool known = std::any_of(
        parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(kept),
        [&](const Part &part) { return part.module->symbols->function_at(entry, part.kind, part.base).has_value(); });
    if (known) continue;
    for (const auto &module : modules_) {
      const auto offset =
          module->symbols->address_of({.function = module->init_function}, ModuleSymbols::Part::init, 0);
      if (!offset || *offset > entry || (entry - *offset) % wire::kPageOfCode != 0) continue;
      parts_.push_back({.module = module.get(), .kind = ModuleSymbols::Part::init, .base = entry - *offset});
    }
  }
}

std::optional<RaceReader::Place> RaceReader::place_of(std::uint64_t address, std::uint64_t reports) const {
  for (const Part &part : parts_) {
    if (reports < part.from || reports > part.until) continue;
    auto code = part.module->symbols->function_at(address, part.kind, part.base);
    if (code && code->offset <= code->size) return Place{part.module, std::move(*code)};
  }
  return std::nullopt;
}

std::optional<std::pair<std::uint64_t, RaceReader::Frame>> RaceReader::function_at(std::uint64_t address,
                                                                                   std::uint64_t reports) const {
  // A call can be the last instruction of its function.
  if (auto place = place_of(address - 1, reports)) {
    ++place->code.offset;
    Frame frame{.text = fmt::format("{} [{}]", place->code.str(), place->module->name), .place = {}};
    const std::uint64_t start = address - place->code.offset;
    frame.place = std::move(place);
    return std::pair(start, std::move(frame));
  }
  if (kernel_ == nullptr) return std::nullopt;
  auto code = kernel_->symbols().place_of(address - 1);
  if (!code) return std::nullopt;
  ++code->offset;
  return std::pair(address - code->offset, Frame{.text = code->str(), .place = {}});
}

bool RaceReader::is_thunk(std::uint64_t address) const {
  const auto code = kernel_ == nullptr ? std::nullopt : kernel_->symbols().place_of(address);
  return code && code->function.starts_with("__x86_indirect");
}

/// Returns the callers of an access, the innermost first. A word on the stack can be a remainder of an earlier call:
/// then what it called is not the function that is known to run. Such frames are listed for functions of modules only.
std::vector<RaceReader::Frame> RaceReader::frames_of(const wire::AccessSeen &seen, std::uint64_t reports) const {
  std::vector<Frame> frames;
  const auto here = function_at(seen.instruction + 1, reports);
  std::uint64_t callee = here ? here->first : 0;
  for (std::size_t i = 0; i < seen.returns && i < seen.return_to.size() && frames.size() < kMostCallers; ++i) {
    const wire::ReturnSeen &found = seen.return_to[i];
    auto caller = function_at(found.address, reports);
    if (!caller) continue;
    Frame &frame = caller->second;
    frame.certain = found.calls == 0 || found.calls == callee || is_thunk(found.calls);
    if (!frame.certain && !frame.place) continue;
    if (frame.certain) callee = caller->first;
    frames.push_back(std::move(frame));
  }
  return frames;
}

SequenceSection RaceReader::section_of(const Place &place, Address address) {
  const auto lines = place.module->symbols->lines_at(place.code, address);
  if (lines.empty()) return SequenceSection::none;
  // A part of the function can be inlined into the rest of it.
  std::size_t own = lines.size() - 1;
  while (own > 0 && lines[own - 1].function == lines[own].function) --own;
  return sequence_section(place.module->symbols->inlined_calls(place.code), lines[own].line);
}

/// Returns what the source says about an instruction. Reading it takes long, so it is kept.
const RaceReader::Access &RaceReader::source_of(const Place &place) {
  const auto [entry, fresh] = sources_.try_emplace({place.module, place.code.function, place.code.offset},
                                                   Access{.place = place, .where = place.code.function});
  Access &access = entry->second;
  if (!fresh) return access;
  ModuleSymbols &symbols = *place.module->symbols;
  const auto lines = symbols.lines_at(place.code, Address::exact);
  if (lines.empty()) return access;
  const auto own = std::find_if_not(lines.begin(), lines.end(), is_in_header);
  const SourceLine &shown = own == lines.end() ? lines.back() : *own;
  access.where = fmt::format("{} ({}:{})", shown.function, shown.file, shown.line);
  const std::string statement = symbols.statement_at(place.code);
  const bool marked = marks_access(statement, place.module->volatile_names) || is_in_marking_function(lines);
  if (marked || !statement.empty()) access.marked = marked;
  access.section = section_of(place, Address::exact);
  return access;
}

std::optional<RaceReader::Access> RaceReader::access_of(const wire::AccessSeen &seen, std::uint64_t reports) {
  const auto place = place_of(seen.instruction, reports);
  if (!place) return std::nullopt;
  Access access = source_of(*place);
  if (seen.atomic != 0) access.marked = true;
  for (const Frame &frame : frames_of(seen, reports)) {
    if (access.section != SequenceSection::none) break;
    if (frame.place && frame.certain) access.section = section_of(*frame.place, Address::returns_to);
  }
  return access;
}

std::string RaceReader::object_at(std::uint64_t address) const {
  const auto in_bounds = [](std::optional<CodePlace> place) {
    return place && place->offset < std::max<std::uint64_t>(place->size, 1) ? std::move(place) : std::nullopt;
  };
  for (const auto &message : seen_.messages) {
    const auto *load = std::get_if<wire::Loaded>(&message);
    if (load == nullptr || !load->record) continue;
    const auto module = std::find_if(modules_.begin(), modules_.end(),
                                     [&](const auto &one) { return one->name == text::lsmod_name(load->module); });
    if (module == modules_.end()) continue;
    auto found = in_bounds((*module)->symbols->nearest(address, load->record->address));
    for (const auto &[section, begin] : load->sections) {
      if (!found && address >= begin) found = in_bounds((*module)->symbols->nearest_in(section, address - begin));
    }
    if (!found) continue;
    return (*module)->symbols->variable_part(*found);
  }
  return {};
}

void RaceReader::describe(const wire::AccessSeen &seen, const Access &access, Lines &lines) {
  std::string object = object_at(seen.address);
  const std::string cache(seen.cache.data(), strnlen(seen.cache.data(), seen.cache.size()));
  if (object.empty() && !cache.empty()) object = fmt::format("at {} in an object of {}", seen.in_object, cache);
  const std::string what = seen.bytes == 0
                               ? "free of the memory at"
                               : fmt::format("{} of {} {}", seen.writes != 0 ? "write" : "read",
                                             text::counted(seen.bytes, "byte"), seen.writes != 0 ? "to" : "from");
  lines.push_back(fmt::format("{} {:#x}{} by {}{}:", what, seen.address, object.empty() ? "" : " (" + object + ")",
                              task_of(seen), seen.returns == 0 ? "" : value_of(seen)));
  lines.push_back(fmt::format("  at {} [{}]", access.place.code.str(), access.place.module->name));
}

void RaceReader::describe_callers(const wire::AccessSeen &seen, std::uint64_t reports, Lines &lines) const {
  for (const Frame &frame : frames_of(seen, reports))
    lines.push_back(fmt::format("  {}{}", frame.certain ? "" : "? ", frame.text));
}

/// Returns "ex.c:31" for a call, or the place in the code if its line is not known.
std::string RaceReader::line_of_call(const wire::RaceEvent &call) {
  const auto place = place_of(instruction_of(call), call.reports);
  return place ? source_of(*place).where : fmt::format("{:#x}", instruction_of(call));
}

void RaceReader::describe_locks(const RacesFound &found, std::uint32_t thread, std::uint64_t events, Lines &lines) {
  if (functions_.empty() || thread == wire::kNoThread) return;
  const std::span all(found.events.data(), std::min<std::size_t>(events, found.events.size()));
  std::string text;
  for (const HeldLock &lock : held_locks(all, thread, functions_)) {
    const std::string name = object_at(lock.address);
    text += fmt::format("{}{} {}, taken in {}", text.empty() ? "" : "; ", lock.function->lock,
                        name.empty() ? fmt::format("{:#x}", lock.address) : name, line_of_call(lock.taken));
  }
  lines.push_back("  locks held: " + (text.empty() ? "none that the module has taken" : text));
}

void RaceReader::describe_allocation(const RacesFound &found, const wire::RaceSeen &race, Lines &lines) {
  const std::span all(found.events.data(), std::min<std::size_t>(race.events, found.events.size()));
  if (const auto call = allocation_of(all, race.second.address, functions_))
    lines.push_back("the memory was allocated in " + line_of_call(*call));
}

/// Says where a thread came from whose stack is not known.
void RaceReader::describe_beginning(const RacesFound &found, const wire::AccessSeen &seen, std::uint64_t events,
                                    Lines &lines) {
  const wire::RaceEvent *entered = nullptr;
  for (std::size_t i = 0; i < events && i < found.events.size(); ++i) {
    const wire::RaceEvent &event = found.events[i];
    const bool is_entry = event.kind == wire::RaceEvent::Kind::entered && event.thread == seen.thread;
    if (is_entry && entry_at(event) != EntryKind::none) entered = &event;
  }
  if (entered == nullptr) return;
  const auto place = place_of(instruction_of(*entered), entered->reports);
  if (place) lines.push_back(fmt::format("  which the kernel has called as {}()", place->code.function));
}

EntryKind RaceReader::entry_at(const wire::RaceEvent &event) const {
  const auto place = place_of(instruction_of(event), event.reports);
  if (!place) return EntryKind::function;  // of a module whose functions are not known
  if (place->code.offset != 0) return EntryKind::none;
  if (place->code.function == place->module->init_function) return EntryKind::init;
  return place->code.function == place->module->exit_function ? EntryKind::exit : EntryKind::function;
}

OrderRules RaceReader::order_rules() {
  return {.functions = functions_,
          .is_marked =
              [this](const wire::RaceEvent &event) {
                const auto place = place_of(instruction_of(event), event.reports);
                return place && source_of(*place).marked.value_or(true);
              },
          .entry = [this](const wire::RaceEvent &event) { return entry_at(event); },
          .is_code = [this](std::uint64_t address,
                            std::uint64_t reports) { return place_of(address, reports).has_value(); }};
}

/// Returns the accesses that nothing puts in an order, as if their threads had met.
std::vector<wire::RaceSeen> RaceReader::unordered(const RacesFound &found) {
  const auto seen_at = [&found](std::size_t index) {
    const wire::RaceEvent &event = found.events[index];
    const wire::RaceThread &thread = found.threads.at(event.thread);
    const bool access = event.kind == wire::RaceEvent::Kind::access;
    return wire::AccessSeen{.instruction = instruction_of(event),
                            .address = event.address,
                            .bytes = event.bytes,
                            .cpu = event.cpu,
                            .writes = !access || (event.flags & wire::RaceEvent::kWrites) != 0,
                            .atomic = access && (event.flags & wire::RaceEvent::kAtomic) != 0,
                            .in_interrupt = thread.in_interrupt,
                            .pid = thread.pid,
                            .thread = event.thread,
                            .task = thread.name};
  };
  std::vector<wire::RaceSeen> races;
  for (const UnorderedPair &pair : unordered_pairs(found.events, found.threads, order_rules())) {
    races.push_back({.reports = found.events[pair.second].reports,
                     .events = pair.second,
                     .first_events = pair.first,
                     .first = seen_at(pair.first),
                     .second = seen_at(pair.second)});
  }
  return races;
}

observe::RacesSeen RaceReader::read(const RacesFound &found, std::string_view report_bytes, std::uint64_t until) {
  add_entries(found.entries);
  const ReportSteps steps(report_bytes);
  observe::RacesSeen result;
  std::set<std::pair<std::string, std::string>> known;
  std::set<std::string> unread;
  std::uint64_t left_out = found.left_out;
  const bool in_order = found.way == wire::RaceWay::order;
  for (const wire::RaceSeen &race : in_order ? unordered(found) : found.races) {
    if (race.reports >= until || is_internal_variable(object_at(race.second.address))) continue;
    const auto first = access_of(race.first, race.reports), second = access_of(race.second, race.reports);
    if (!first || !second) continue;
    // If a marked write is a release, what it releases can be used again for something else.
    const bool releases = !in_order && race.first.writes != 0;
    if (first->marked.value_or(true) && (second->marked.value_or(true) || releases)) {
      if (!first->marked || !second->marked)
        unread.insert(fmt::format("{} and {} access the same memory", first->where, second->where));
      continue;
    }
    const bool reader_and_writer =
        (first->section == SequenceSection::reads && second->section == SequenceSection::writes) ||
        (first->section == SequenceSection::writes && second->section == SequenceSection::reads);
    if (reader_and_writer) continue;
    if (!known.insert(std::minmax(first->where, second->where)).second) continue;
    if (result.races.size() == wire::kMostRaces) {
      ++left_out;
      continue;
    }
    observe::Race seen{.where = first->where + " and " + second->where,
                       .module = first->place.module->name,
                       .lines = {},
                       .step = steps.at(race.reports),
                       .frees = race.first.bytes == 0 || race.second.bytes == 0};
    describe_allocation(found, race, seen.lines);
    const auto tell = [&](const wire::AccessSeen &one, const Access &access, std::uint64_t events) {
      describe(one, access, seen.lines);
      describe_locks(found, one.thread, events, seen.lines);
      if (in_order) describe_beginning(found, one, events, seen.lines);
      describe_callers(one, race.reports, seen.lines);
    };
    tell(race.first, *first, in_order ? race.first_events : race.events);
    tell(race.second, *second, race.events);
    result.races.push_back(std::move(seen));
  }
  for (const std::string &one : unread)
    result.notes.push_back(one + ", but their source lines cannot be read: nobody knows whether that is a data race");
  if (left_out > 0)
    result.notes.push_back(fmt::format("{} more pairs of accesses to the same memory are not shown", left_out));
  if (found.unnoted > 0)
    result.notes.push_back(fmt::format("{} more events of threads were not examined", found.unnoted));
  return result;
}

}  // namespace kmodtest::run
