// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "plan/plan.hpp"
#include "plan/vocabulary.hpp"
#include "wire/program.hpp"

/// The kinds of steps, one file each: its keys and the reader of its values are in one place.
namespace kmodtest::plan {

struct StepInput;

/// The content of a plan's step, in the order of the reference. The code below visits it, so a kind without a kind_of()
/// or a read() does not compile.
using StepContent =
    std::variant<wire::Load, wire::Unload, wire::LogCondition, wire::ThreadCondition, wire::ModuleCondition,
                 ModinfoCondition, wire::FileCondition, wire::WriteFile, wire::RunCommand, wire::WaitCommand,
                 wire::Ioctl, wire::MapMemory, wire::Poll, wire::SetCpus, wire::Sleep, wire::Repeat, SchedCondition>;

/// Returns the name, the keys and the example of a kind; the argument only selects it.
StepKind kind_of(const wire::Load &);
StepKind kind_of(const wire::Unload &);
StepKind kind_of(const wire::LogCondition &);
StepKind kind_of(const wire::ThreadCondition &);
StepKind kind_of(const wire::ModuleCondition &);
StepKind kind_of(const ModinfoCondition &);
StepKind kind_of(const wire::FileCondition &);
StepKind kind_of(const wire::WriteFile &);
StepKind kind_of(const wire::RunCommand &);
StepKind kind_of(const wire::WaitCommand &);
StepKind kind_of(const wire::Ioctl &);
StepKind kind_of(const wire::MapMemory &);
StepKind kind_of(const wire::Poll &);
StepKind kind_of(const wire::SetCpus &);
StepKind kind_of(const wire::Sleep &);
StepKind kind_of(const wire::Repeat &);
StepKind kind_of(const SchedCondition &);

/// Fills the body in from a plan. Returns the step's label without the kind's name; nothing after a problem that leaves
/// no body.
std::optional<std::string> read(wire::Load &load, StepInput &in);
std::optional<std::string> read(wire::Unload &unload, StepInput &in);
std::optional<std::string> read(wire::LogCondition &log, StepInput &in);
std::optional<std::string> read(wire::ThreadCondition &threads, StepInput &in);
std::optional<std::string> read(wire::ModuleCondition &module, StepInput &in);
std::optional<std::string> read(ModinfoCondition &condition, StepInput &in);
std::optional<std::string> read(wire::FileCondition &file, StepInput &in);
std::optional<std::string> read(wire::WriteFile &file, StepInput &in);
std::optional<std::string> read(wire::RunCommand &run, StepInput &in);
std::optional<std::string> read(wire::WaitCommand &wait, StepInput &in);
std::optional<std::string> read(wire::Ioctl &call, StepInput &in);
std::optional<std::string> read(wire::MapMemory &map, StepInput &in);
std::optional<std::string> read(wire::Poll &poll, StepInput &in);
std::optional<std::string> read(wire::SetCpus &set, StepInput &in);
std::optional<std::string> read(wire::Sleep &sleep, StepInput &in);
std::optional<std::string> read(wire::Repeat &repeat, StepInput &in);
std::optional<std::string> read(SchedCondition &sched, StepInput &in);

/// Returns an empty body of this kind, one of step_kinds().
StepContent content_of(const StepKind &kind);

/// Returns the label of an unload without the word "unload".
std::string label_of(const wire::Unload &unload);

}  // namespace kmodtest::plan
