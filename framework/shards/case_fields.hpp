// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "judge/observations.hpp"
#include "observe/sched/sched.hpp"
#include "outcome/event.hpp"
#include "wire/codec.hpp"

/// The fields of a finished case that its readers (the listeners of report/) need, in the order in which results keep
/// them. What only the machine that ran the case needs is left out.

namespace kmodtest::shards {

/// Keeps a path as text.
struct PathField {
  std::filesystem::path &path;
  template <class Visitor>
  void fields(Visitor &v) {
    std::string text = path.string();
    v(text);
    path = text;
  }
};

/// Keeps the value behind a shared pointer, or that it is null.
template <class T>
struct SharedField {
  std::shared_ptr<const T> &pointer;
  template <class Visitor>
  void fields(Visitor &v) {
    bool present = pointer != nullptr;
    v(present);
    if (!present) return pointer.reset();
    auto value = pointer ? std::make_shared<T>(*pointer) : std::make_shared<T>();
    v(*value);
    pointer = std::move(value);
  }
};

/// Keeps an enumerator whose range does not matter.
template <class Enum>
struct NumberField {
  Enum &value;
  template <class Visitor>
  void fields(Visitor &v) {
    auto number = static_cast<std::uint32_t>(value);
    v(number);
    value = static_cast<Enum>(number);
  }
};

}  // namespace kmodtest::shards

namespace kmodtest::wire {

template <>
constexpr judge::Outcome last_value<judge::Outcome>() {
  return judge::Outcome::skipped;
}
template <>
constexpr judge::Ending::Kind last_value<judge::Ending::Kind>() {
  return judge::Ending::Kind::stuck;
}
template <>
constexpr judge::Permission::Kind last_value<judge::Permission::Kind>() {
  return judge::Permission::Kind::growth;
}
template <>
constexpr judge::Holder last_value<judge::Holder>() {
  return judge::Holder::unknown;
}
template <>
constexpr observe::KtapTest::Result last_value<observe::KtapTest::Result>() {
  return observe::KtapTest::Result::missing;
}
template <>
constexpr plan::ModuleSource::Kind last_value<plan::ModuleSource::Kind>() {
  return plan::ModuleSource::Kind::collection;
}

}  // namespace kmodtest::wire

namespace kmodtest::observe {

template <class Visitor>
void fields_of(Visitor &v, JumpCount &jump) {
  v(jump.taken, jump.fell);
}
template <class Visitor>
void fields_of(Visitor &v, LineCount &line) {
  v(line.times, line.jumps);
}
template <class Visitor>
void fields_of(Visitor &v, FunctionCount &function) {
  v(function.line, function.times);
}
template <class Visitor>
void fields_of(Visitor &v, FileCoverage &file) {
  v(file.lines, file.functions);
}
template <class Visitor>
void fields_of(Visitor &v, Coverage &coverage) {
  v(coverage.files, coverage.missing);
}
template <class Visitor>
void fields_of(Visitor &v, KtapTest &test) {
  std::uint64_t line = test.line;
  v(test.name, test.result, test.reason, test.diagnostics, line);
  test.line = line;
}
template <class Visitor>
void fields_of(Visitor &v, SchedRun &run) {
  v(run.cpu, run.begin, run.end, run.left);
}
template <class Visitor>
void fields_of(Visitor &v, SchedWake &wake) {
  v(wake.time, wake.cpu, wake.ran);
}
template <class Visitor>
void fields_of(Visitor &v, SchedMigration &migration) {
  v(migration.time, migration.from, migration.to);
}
template <class Visitor>
void fields_of(Visitor &v, SchedThread &thread) {
  v(thread.pid, thread.name, thread.begin, thread.end, thread.runs, thread.wakes, thread.migrations, thread.woken);
}
template <class Visitor>
void fields_of(Visitor &v, CpuChange &change) {
  v(change.time, change.cpu, change.online);
}
template <class Visitor>
void fields_of(Visitor &v, SchedTimeline &line) {
  v(line.begin, line.end, line.cpus, line.threads, line.changes, line.lost, line.full);
}

}  // namespace kmodtest::observe

namespace kmodtest::kernel {

template <class Visitor>
void fields_of(Visitor &v, ModuleInfo &module) {
  v(module.name);
}
template <class Visitor>
void fields_of(Visitor &v, PreflightFinding &finding) {
  shards::NumberField<base::Code> code{finding.code};
  v(code, finding.message, finding.hint);
}

}  // namespace kmodtest::kernel

namespace kmodtest::plan {

template <class Visitor>
void fields_of(Visitor &v, Location &place) {
  v(place.file, place.line, place.column);
}
template <class Visitor>
void fields_of(Visitor &v, NumaCell &cell) {
  v(cell.cpus, cell.memory_mib);
}
template <class Visitor>
void fields_of(Visitor &v, GuestShape &guest) {
  v(guest.cpus, guest.sockets, guest.cores, guest.threads, guest.memory_mib, guest.numa, guest.devices, guest.append);
}
template <class Visitor>
void fields_of(Visitor &v, ModuleSource &module) {
  shards::PathField path{module.path};
  v(module.kind, path, module.name);
}
template <class Visitor>
void fields_of(Visitor &v, Implementation &one) {
  shards::PathField path{one.path};
  v(one.module, path);
}
template <class Visitor>
void fields_of(Visitor &v, Step &step) {
  v(step.where, step.key, step.source, step.guest, step.points);
}
template <class Visitor>
void fields_of(Visitor &v, Case &each) {
  shards::PathField file{each.plan_file}, input{each.input};
  v(each.plan_name, each.tags, each.id, each.point, file, input, each.guest, each.kernel, each.modules, each.companions,
    each.implementations, each.steps, each.seed, each.skip, each.options, each.of_a_program);
}

}  // namespace kmodtest::plan

namespace kmodtest::judge {

template <class Visitor>
void fields_of(Visitor &v, Permission &permission) {
  v(permission.kind, permission.name);
}
template <class Visitor>
void fields_of(Visitor &v, Evidence &one) {
  std::optional<std::uint64_t> step = one.step;
  shards::NumberField<base::Code> code{one.code};
  v(step, one.where, one.source, one.summary, one.expected, one.seen, one.details, one.trace, one.hint, one.permission,
    code);
  one.step = step;
}
template <class Visitor>
void fields_of(Visitor &v, Verdict &verdict) {
  v(verdict.outcome, verdict.evidence, verdict.skip_reason, verdict.notes, verdict.tests, verdict.points, verdict.came);
}
template <class Visitor>
void fields_of(Visitor &v, TaskSeen &task) {
  v(task.pid, task.name, task.state, task.frames);
}
template <class Visitor>
void fields_of(Visitor &v, CpuSeen &cpu) {
  v(cpu.cpu, cpu.in_kernel, cpu.halted, cpu.takes_interrupts, cpu.task, cpu.registers);
}
template <class Visitor>
void fields_of(Visitor &v, LockWait &lock) {
  v(lock.pid, lock.owner, lock.mutex);
}
template <class Visitor>
void fields_of(Visitor &v, Dissection &found) {
  v(found.cpus, found.tasks, found.locks, found.problem);
}
template <class Visitor>
void fields_of(Visitor &v, PointerLeft &pointer) {
  v(pointer.holder, pointer.name, pointer.offset, pointer.address, pointer.module, pointer.value, pointer.base,
    pointer.section, pointer.target);
}
template <class Visitor>
void fields_of(Visitor &v, PointerSearch &search) {
  v(search.made, search.problem, search.found);
}
template <class Visitor>
void fields_of(Visitor &v, Ending &ending) {
  shards::NumberField<base::Code> code{ending.code};
  v(ending.kind, ending.detail, code);
}
template <class Visitor>
void fields_of(Visitor &v, Observations &seen) {
  shards::SharedField<observe::SchedTimeline> sched{seen.sched};
  v(seen.agent, seen.messages, seen.modules, seen.preflight, seen.console, seen.dissection, seen.pointers, seen.ending,
    sched, seen.sched_problem);
}

}  // namespace kmodtest::judge

namespace kmodtest::outcome {

template <class Visitor>
void fields_of(Visitor &v, Timings &timings) {
  v(timings.build, timings.start, timings.boot, timings.restore, timings.push, timings.steps, timings.stop,
    timings.guest);
}
template <class Visitor>
void fields_of(Visitor &v, Machine &machine) {
  v(machine.kernel, machine.command_line, machine.virtual_time, machine.kvm, machine.traced, machine.hypervisor);
}
template <class Visitor>
void fields_of(Visitor &v, Past &past) {
  v(past.seconds, past.outcomes);
}
template <class Visitor>
void fields_of(Visitor &v, CaseFinished &finished) {
  shards::SharedField<plan::Case> test_case{finished.test_case};
  shards::SharedField<judge::Observations> seen{finished.seen};
  shards::SharedField<CaseFinished> unlike{finished.unlike};
  shards::SharedField<observe::Coverage> coverage{finished.coverage};
  shards::PathField artifacts{finished.artifacts}, vmcore{finished.vmcore};
  std::uint64_t digested = finished.digested, number = finished.number;
  v(test_case, finished.verdict, seen, finished.kernel_release, finished.machine, finished.took, finished.timings,
    artifacts, finished.build_log, vmcore, finished.vmcore_problem, finished.digest, digested, finished.past, number,
    finished.repeat, finished.attempt, unlike, finished.earlier, coverage);
  finished.digested = digested;
  finished.number = number;
}

}  // namespace kmodtest::outcome
