// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <string>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Table &cpu_table() {
  static const Table table{"cpu",
                           {{"offline", Type::cpu_list, "", "CPUs to switch off (never CPU 0)", "1-3"},
                            {"online", Type::cpu_list, "", "CPUs to switch on", "1-3"},
                            kActionWithinKey}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::SetCpus &) {
  return {.name = "cpu",
          .summary = "Switches CPUs of the guest off and on.",
          .action = true,
          .table = &cpu_table(),
          .example = "cpu: {offline: 1}"};
}

std::optional<std::string> read(wire::SetCpus &set, StepInput &in) {
  const auto offline = in.reader.cpus("offline");
  const auto online = in.reader.cpus("online");
  if (!in.reader.has("offline") && !in.reader.has("online"))
    in.reader.error(Code::checks_nothing, "cpu", "the cpu step switches nothing (give offline or online)");
  if (offline && (*offline & 1) != 0)
    in.reader.error(Code::cpu_stays_on, "offline", "CPU 0 cannot be switched off (x86 kernels since 6.5 refuse it)");
  if (offline && online && (*offline & *online) != 0)
    in.reader.error(
        Code::keys_exclude, "online",
        fmt::format("CPU {} is switched off and on in one step (use two)", format_cpu_list(*offline & *online)));
  if (offline) set.offline = format_cpu_list(*offline);
  if (online) set.online = format_cpu_list(*online);
  std::string label;
  if (!set.offline.empty()) label += "offline " + set.offline;
  if (!set.online.empty()) label += (label.empty() ? "online " : " online ") + set.online;
  return label;
}

}  // namespace kmodtest::plan
