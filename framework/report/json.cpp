// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "observe/kmsg.hpp"
#include "report/listeners.hpp"
#include "report/output_file.hpp"

namespace kmodtest::report {

namespace {

using Json = nlohmann::ordered_json;

double seconds(wire::Microseconds time) {
  return Seconds(time).count();
}

/// The time of day in UTC to the millisecond (RFC 3339).
std::string timestamp() {
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
  json["hint"] = evidence.hint;
  return json;
}

Json log_json(const judge::Observations &seen) {
  Json log = Json::array();
  for (const wire::KernelLogLine &line : seen.log()) {
    if (observe::is_marker(line)) continue;
    log.push_back({{"time", seconds(line.time)}, {"level", line.level}, {"text", line.text}});
  }
  return log;
}

Json timings_json(const Timings &timings) {
  return {{"build", timings.build.count()}, {"start", timings.start.count()}, {"boot", timings.boot.count()},
          {"push", timings.push.count()},   {"steps", timings.steps.count()}, {"stop", timings.stop.count()},
          {"guest", timings.guest.count()}};
}

Json to_json(const RunStarted &event) {
  return {
      {"event", "RunStarted"}, {"cases", event.cases}, {"workers", event.workers}, {"hypervisor", event.hypervisor}};
}

Json to_json(const Notice &event) {
  return {{"event", "Notice"}, {"text", event.text}};
}

Json to_json(const CaseStarted &event) {
  return {{"event", "CaseStarted"}, {"id", event.test_case->id}, {"plan", event.test_case->plan_name}};
}

Json to_json(const CaseProgress &event) {
  return {{"event", "CaseProgress"},
          {"id", event.test_case->id},
          {"plan", event.test_case->plan_name},
          {"what", event.what}};
}

Json to_json(const CaseFinished &event) {
  const plan::Case &test_case = *event.test_case;
  Json json;
  json["event"] = "CaseFinished";
  json["id"] = test_case.id;
  json["plan"] = test_case.plan_name;
  json["file"] = test_case.plan_file.string();
  json["point"] = test_case.point;
  json["outcome"] = judge::outcome_name(event.verdict.outcome);
  json["skip_reason"] = event.verdict.skip_reason;
  json["evidence"] = Json::array();
  for (const judge::Evidence &evidence : event.verdict.evidence) json["evidence"].push_back(evidence_json(evidence));
  json["kernel"] = event.kernel_release;
  json["took"] = event.took.count();
  json["timings"] = timings_json(event.timings);
  json["log"] = event.seen ? log_json(*event.seen) : Json::array();
  json["artifacts"] = event.artifacts.string();
  return json;
}

Json to_json(const RunFinished &event) {
  Json outcomes = Json::object();
  for (std::size_t index = 0; index < event.by_outcome.size(); ++index) {
    outcomes[judge::outcome_name(static_cast<judge::Outcome>(index))] = event.by_outcome[index];
  }
  return {{"event", "RunFinished"},
          {"took", event.took.count()},
          {"interrupted", event.interrupted},
          {"outcomes", outcomes},
          {"not_run", event.not_run}};
}

class JsonLines final : public Listener {
 public:
  explicit JsonLines(const std::filesystem::path &file) : file_(file, file) {
    write({{"schema", "kmodtest-events"}, {"version", 1}});
  }

  void on(const Event &event) override {
    std::visit(
        [this]<class Each>(const Each &each) {
          if constexpr (!std::is_same_v<Each, Tick>) {
            Json json = to_json(each);
            json["at"] = timestamp();
            write(json);
          }
        },
        event);
  }

 private:
  void write(const Json &json) {
    // A guest's log may hold any bytes; malformed UTF-8 becomes U+FFFD.
    file_.write(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  OutputFile file_;
};

}  // namespace

std::unique_ptr<Listener> make_json(std::filesystem::path file) {
  return std::make_unique<JsonLines>(file);
}

}  // namespace kmodtest::report
