// SPDX-License-Identifier: GPL-2.0-or-later
#include "text/json.hpp"

#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <variant>

#include "judge/observations.hpp"
#include "outcome/event.hpp"
#include "outcome/result.hpp"
#include "outcome/timings.hpp"
#include "report/failure/difference.hpp"
#include "report/formats/sched_json.hpp"
#include "report/listeners.hpp"
#include "shared/kmsg.hpp"
#include "storage/output_file.hpp"

namespace kmodtest::report {

namespace {

using text::Json;

/// Returns the time of day in UTC to the millisecond (RFC 3339).
std::string timestamp_in_milliseconds() {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto milliseconds = now.time_since_epoch().count() % 1000;
  const std::time_t whole = std::chrono::system_clock::to_time_t(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(whole), milliseconds);
}

Json evidence_json(const judge::Evidence &evidence) {
  Json json;
  json["summary"] = evidence.summary;
  json["step"] = evidence.step ? Json(*evidence.step) : Json(nullptr);
  json["file"] = evidence.where.file;
  json["line"] = evidence.where.line;
  json["column"] = evidence.where.column;
  json["source"] = evidence.source;
  json["expected"] = evidence.expected;
  json["seen"] = evidence.seen;
  json["details"] = evidence.details;
  json["trace"] = evidence.trace;
  json["hint"] = plan_hint(evidence);
  json["code"] = evidence.code == base::Code::none ? Json(nullptr) : Json(base::name_of(evidence.code));
  return json;
}

Json log_json(const judge::Observations &seen) {
  Json log = Json::array();
  for (const wire::KernelLogLine &line : seen.log()) {
    if (shared::is_marker(line)) continue;
    log.push_back({{"time", outcome::seconds(line.time)}, {"level", line.level}, {"text", line.text}});
  }
  return log;
}

Json timings_json(const outcome::Timings &timings) {
  Json json = Json::object();
  for (const outcome::Phase &phase : outcome::phases()) json[phase.name] = (timings.*phase.field).count();
  json["guest"] = timings.guest.count();
  return json;
}

Json to_json(const outcome::RunStarted &event) {
  return {{"event", "RunStarted"},    {"cases", event.cases},
          {"repeats", event.repeats}, {"shuffle_seed", event.shuffle_seed ? Json(*event.shuffle_seed) : Json(nullptr)},
          {"workers", event.workers}, {"hypervisor", event.hypervisor}};
}

Json to_json(const outcome::Notice &event) {
  return {{"event", "Notice"}, {"text", event.text}};
}

Json to_json(const outcome::CaseStarted &event) {
  return {{"event", "CaseStarted"},
          {"id", event.test_case->id},
          {"plan", event.test_case->plan_name},
          {"repeat", event.repeat}};
}

Json to_json(const outcome::CaseProgress &event) {
  return {{"event", "CaseProgress"},
          {"id", event.test_case->id},
          {"plan", event.test_case->plan_name},
          {"repeat", event.repeat},
          {"what", event.what}};
}

Json task_json(const judge::TaskSeen &task) {
  return {{"pid", task.pid}, {"name", task.name}, {"state", std::string(1, task.state)}, {"frames", task.frames}};
}

/// Returns the observations from outside; those of the guest itself are messages in events.jsonl.
Json dissection_json(const judge::Dissection &found) {
  Json cpus = Json::array(), tasks = Json::array(), locks = Json::array();
  for (const judge::CpuSeen &cpu : found.cpus) {
    cpus.push_back({{"cpu", cpu.cpu},
                    {"in_kernel", cpu.in_kernel},
                    {"halted", cpu.halted},
                    {"interrupts", cpu.takes_interrupts},
                    {"task", task_json(cpu.task)}});
  }
  for (const judge::TaskSeen &task : found.tasks) tasks.push_back(task_json(task));
  for (const judge::LockWait &lock : found.locks) {
    locks.push_back({{"pid", lock.pid}, {"owner", lock.owner}, {"mutex", fmt::format("{:#x}", lock.mutex)}});
  }
  return {{"cpus", cpus}, {"tasks", tasks}, {"locks", locks}, {"problem", found.problem}};
}

Json case_json(const char *name, const outcome::CaseFinished &event) {
  const plan::Case &test_case = *event.test_case;
  Json json;
  json["event"] = name;
  json["id"] = test_case.id;
  json["plan"] = test_case.plan_name;
  json["file"] = test_case.plan_file.string();
  json["point"] = test_case.point;
  json["repeat"] = event.repeat;
  json["attempt"] = event.attempt;
  json["outcome"] = outcome::result_name(outcome::result_of(event));
  json["skip_reason"] = event.verdict.skip_reason;
  json["as_expected"] = event.verdict.came.empty() ? Json(nullptr) : Json(event.verdict.came);
  json["notes"] = event.verdict.notes;
  const std::uint32_t most = outcome::points_of(test_case);
  if (most > 0) json["points"] = {{"earned", event.verdict.points}, {"of", most}};
  json["tests"] = Json::array();
  for (const observe::KtapTest &test : event.verdict.tests)
    json["tests"].push_back(
        {{"name", test.name}, {"result", observe::result_name(test.result)}, {"reason", test.reason}});
  json["evidence"] = Json::array();
  for (const judge::Evidence &evidence : event.verdict.evidence) json["evidence"].push_back(evidence_json(evidence));
  json["kernel"] = event.kernel_release;
  json["modules"] = Json::array();
  for (const plan::ModuleSource &module : test_case.modules) json["modules"].push_back(module.name);
  json["digest"] = event.digest.empty() ? Json(nullptr) : Json(event.digest);
  if (event.unlike) {
    json["unlike"] = {{"repeat", event.unlike->repeat},
                      {"digest", event.unlike->digest},
                      {"difference", first_difference(event, *event.unlike)},
                      {"artifacts", event.unlike->artifacts.string()}};
  }
  json["took"] = event.took.count();
  json["timings"] = timings_json(event.timings);
  json["log"] = event.seen ? log_json(*event.seen) : Json::array();
  if (event.seen && event.seen->dissection) json["autopsy"] = dissection_json(*event.seen->dissection);
  if (event.seen && event.seen->sched) json["sched"] = sched_json(*event.seen->sched);
  if (event.seen && !event.seen->sched_problem.empty()) json["sched"] = {{"problem", event.seen->sched_problem}};
  json["artifacts"] = event.artifacts.string();
  return json;
}

Json to_json(const outcome::CaseRetried &event) {
  Json json = case_json("CaseRetried", event.attempt);
  json["attempts"] = event.attempts;
  return json;
}

Json to_json(const outcome::CaseFinished &event) {
  return case_json("CaseFinished", event);
}

Json to_json(const outcome::RunFinished &event) {
  Json outcomes = Json::object();
  for (const outcome::Result result : outcome::kResults)
    outcomes[outcome::result_name(result)] = outcome::number_of(event, result);
  return {{"event", "RunFinished"},
          {"took", event.took.count()},
          {"interrupted", event.interrupted},
          {"outcomes", outcomes},
          {"not_run", event.not_run}};
}

class JsonLines final : public outcome::Listener {
 public:
  JsonLines(const std::filesystem::path &file, const std::string &version) : file_(file, file) {
    write({{"schema", "kmodtest-events"}, {"version", 1}, {"kmodtest", version}});
  }

  void on(const outcome::Event &event) override {
    std::visit(
        [this]<class Each>(const Each &each) {
          if constexpr (!std::is_same_v<Each, outcome::Tick>) {
            Json json = to_json(each);
            json["at"] = timestamp_in_milliseconds();
            write(json);
          }
        },
        event);
  }

 private:
  void write(const Json &json) {
    // A guest's log can contain any bytes; malformed UTF-8 becomes U+FFFD.
    file_.write(text::json_text(json) + "\n");
  }

  storage::OutputFile file_;
};

}  // namespace

std::unique_ptr<outcome::Listener> make_json(std::filesystem::path file, std::string version) {
  return std::make_unique<JsonLines>(file, version);
}

}  // namespace kmodtest::report
