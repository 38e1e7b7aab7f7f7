// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/formats/agent_message_json.hpp"

#include <chrono>
#include <fmt/core.h>
#include <variant>

#include "outcome/event.hpp"
#include "shared/thread_words.hpp"
#include "text/json.hpp"

namespace kmodtest::report {

namespace {

using text::Json;

Json names(const std::vector<wire::ThreadRecord> &threads) {
  Json json = Json::array();
  for (const wire::ThreadRecord &thread : threads) {
    json.push_back({{"pid", thread.pid},
                    {"name", thread.full_name.empty() ? thread.name : thread.full_name},
                    {"state", std::string(1, thread.state)},
                    {"cpu", thread.cpu},
                    {"allowed_cpus", thread.allowed_cpus},
                    {"waits_in", thread.waits_in},
                    {"policy", shared::policy_name(thread.policy)},
                    {"priority", thread.priority},
                    {"nice", thread.nice}});
  }
  return json;
}

Json names(const std::vector<wire::ModuleRecord> &modules) {
  Json json = Json::array();
  for (const wire::ModuleRecord &module : modules) {
    json.push_back({{"name", module.name},
                    {"size", module.size},
                    {"users", module.users},
                    {"used_by", module.used_by},
                    {"state", module.state}});
  }
  return json;
}

std::string address(std::uint64_t value) {
  return fmt::format("{:#x}", value);
}

Json inventory(const wire::Inventory &seen) {
  Json majors = Json::array();
  for (const auto &one : seen.majors)
    majors.push_back({{"block", one.block}, {"major", one.major}, {"name", one.name}});
  Json timers = Json::array();
  for (const auto &one : seen.timers) {
    timers.push_back({{"high_resolution", one.high_resolution},
                      {"address", address(one.address)},
                      {"function", one.function != 0 ? address(one.function) : one.symbol}});
  }
  Json settings = Json::array();
  for (const auto &one : seen.settings)
    settings.push_back({{"path", one.path}, {"before", one.before}, {"value", one.value}});
  Json vmalloc = Json::array();
  for (const auto &one : seen.vmalloc) vmalloc.push_back({{"size", one.size}, {"caller", address(one.caller)}});
  return {{"time", outcome::seconds(seen.time)},
          {"taint", seen.taint},
          {"new_entries", seen.new_entries},
          {"lost_entries", seen.lost_entries},
          {"majors", majors},
          {"timers", timers},
          {"vmalloc", vmalloc},
          {"settings", settings}};
}

Json counts(const std::vector<wire::MemoryRecord> &records) {
  Json json = Json::array();
  for (const auto &one : records) {
    json.push_back({{"name", one.name}, {"slab", one.slab}, {"unit_size", one.unit_size}, {"count", one.count}});
  }
  return json;
}

const char *result_name(wire::StepResult result) {
  switch (result) {
    case wire::StepResult::held:
      return "held";
    case wire::StepResult::violated:
      return "violated";
    case wire::StepResult::expired:
      return "expired";
    case wire::StepResult::refused:
      return "refused";
  }
  return "unknown";
}

struct ToJson {
  Json operator()(const wire::Info &it) const {
    return {{"report", "Info"},
            {"kernel_release", it.agent.kernel_release},
            {"kernel_version", it.agent.kernel_version},
            {"machine", it.agent.machine},
            {"cpus_online", it.agent.cpus_online},
            {"memory_kib", it.agent.memory_kib},
            {"taint", it.agent.taint},
            {"uptime", outcome::seconds(it.agent.uptime)}};
  }
  Json operator()(const wire::Pushed &it) const {
    return {{"report", "Pushed"}, {"path", it.path}, {"size", it.size}, {"error", it.error}};
  }
  Json operator()(const wire::Refused &it) const { return {{"report", "Refused"}, {"reason", it.reason}}; }
  Json operator()(const wire::LogLines &it) const {
    Json lines = Json::array();
    for (const wire::KernelLogLine &line : it.lines) {
      lines.push_back({{"sequence", line.sequence},
                       {"time", outcome::seconds(line.time)},
                       {"level", line.level},
                       {"caller", line.caller},
                       {"text", line.text}});
    }
    return {{"report", "LogLines"}, {"lines", lines}, {"lost", it.lost}, {"left_out", it.left_out}};
  }
  Json operator()(const wire::Baseline &it) const {
    Json json = {{"report", "Baseline"}};
    json.update(inventory(it.inventory));
    return json;
  }
  Json operator()(const wire::AfterUnload &it) const {
    Json json = {{"report", "AfterUnload"}, {"step", it.step}};
    json.update(inventory(it.inventory));
    json["threads"] = names(it.inventory.threads);
    json["modules"] = names(it.inventory.modules);
    return json;
  }
  Json operator()(const wire::StepStarted &it) const {
    return {{"report", "StepStarted"}, {"step", it.step}, {"time", outcome::seconds(it.time)}};
  }
  Json operator()(const wire::Loaded &it) const {
    return {{"report", "Loaded"},
            {"step", it.step},
            {"module", it.module},
            {"errno", it.error},
            {"took", outcome::seconds(it.took)},
            {"busy", outcome::seconds(it.busy)}};
  }
  Json operator()(const wire::Unloaded &it) const {
    return {{"report", "Unloaded"},
            {"step", it.step},
            {"module", it.module},
            {"errno", it.error},
            {"took", outcome::seconds(it.took)},
            {"busy", outcome::seconds(it.busy)}};
  }
  Json operator()(const wire::Threads &it) const {
    return {
        {"report", "Threads"}, {"step", it.step}, {"time", outcome::seconds(it.time)}, {"threads", names(it.threads)}};
  }
  Json operator()(const wire::Modules &it) const {
    return {
        {"report", "Modules"}, {"step", it.step}, {"time", outcome::seconds(it.time)}, {"modules", names(it.modules)}};
  }
  Json operator()(const wire::FileRead &it) const {
    return {{"report", "FileRead"}, {"step", it.step},       {"time", outcome::seconds(it.time)}, {"path", it.path},
            {"errno", it.error},    {"content", it.content}, {"truncated", it.truncated}};
  }
  Json operator()(const wire::Written &it) const {
    return {{"report", "Written"}, {"step", it.step}, {"path", it.path}, {"errno", it.error}};
  }
  Json operator()(const wire::DeviceCalled &it) const {
    std::string bytes;
    for (const char byte : it.bytes)
      bytes += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    return {{"report", "DeviceCalled"}, {"step", it.step},   {"path", it.path},
            {"errno", it.error},        {"value", it.value}, {"bytes", bytes}};
  }
  Json operator()(const wire::CommandEnded &it) const {
    return {{"report", "CommandEnded"}, {"step", it.step},  {"exit_status", it.exit_status},
            {"stdout", it.out},         {"stderr", it.err}, {"truncated", it.truncated}};
  }
  Json operator()(const wire::CpusSet &it) const {
    return {{"report", "CpusSet"}, {"step", it.step}, {"cpu", it.cpu}, {"online", it.online}, {"errno", it.error}};
  }
  Json operator()(const wire::StepEnded &it) const {
    return {{"report", "StepEnded"},
            {"step", it.step},
            {"time", outcome::seconds(it.time)},
            {"result", result_name(it.result)},
            {"detail", it.detail}};
  }
  Json operator()(const wire::MemoryCounted &it) const {
    return {{"report", "MemoryCounted"},
            {"step", it.step},
            {"time", outcome::seconds(it.time)},
            {"rounds", it.rounds},
            {"changed", counts(it.changed)}};
  }
  Json operator()(const wire::ProgramEnded &it) const {
    return {{"report", "ProgramEnded"},    {"time", outcome::seconds(it.time)},
            {"steps_done", it.steps_done}, {"cancelled", it.cancelled},
            {"error", it.error},           {"prerequisite_error", it.prerequisite_error}};
  }
  Json operator()(const wire::Autopsy &it) const {
    Json json = {{"report", "Autopsy"}, {"step", it.step}, {"time", outcome::seconds(it.time)}, {"caller", it.caller}};
    std::vector<wire::ThreadRecord> tasks;
    for (const wire::TaskStack &one : it.tasks) tasks.push_back(one.task);
    json["tasks"] = names(tasks);
    for (std::size_t i = 0; i < it.tasks.size(); ++i) json["tasks"][i]["stack"] = it.tasks[i].stack;
    return json;
  }
  Json operator()(const wire::TraceStarted &it) const {
    return {{"report", "TraceStarted"}, {"time", outcome::seconds(it.time)}, {"cpus", it.cpus}, {"error", it.error}};
  }
  // A reader has no use for the pages themselves.
  Json operator()(const wire::TracePages &it) const {
    std::size_t bytes = 0;
    for (const std::string &page : it.pages) bytes += page.size();
    return {{"report", "TracePages"}, {"cpu", it.cpu}, {"pages", it.pages.size()}, {"bytes", bytes}};
  }
  Json operator()(const wire::TraceChecked &it) const {
    return {{"report", "TraceChecked"}, {"time", outcome::seconds(it.time)}, {"lost", it.lost}, {"full", it.full}};
  }
  // Only tests in C++ and interactive sessions send it; plans do not.
  Json operator()(const wire::Idles &it) const {
    return {{"report", "Idles"}, {"time", outcome::seconds(it.time)}, {"until", outcome::seconds(it.until)}};
  }
  Json operator()(const wire::FaultCalls &it) const {
    return {{"report", "FaultCalls"}, {"step", it.step}, {"text", it.text}};
  }
  Json operator()(const wire::Resting &it) const {
    return {{"report", "Resting"}, {"time", outcome::seconds(it.time)}};
  }
  Json operator()(const wire::TerminalOutput &it) const {
    return {{"report", "TerminalOutput"}, {"data", it.data}, {"error", it.error}};
  }
  Json operator()(const wire::TerminalEnded &it) const {
    return {{"report", "TerminalEnded"}, {"exit_status", it.exit_status}};
  }
};

}  // namespace

std::string agent_message_json_head() {
  const Json head = {{"schema", "kmodtest-reports"}, {"version", 1}};
  return head.dump();
}

std::string agent_message_json(const wire::AgentMessage &message) {
  const Json json = std::visit(ToJson{}, message);
  return text::json_text(json);
}

}  // namespace kmodtest::report
