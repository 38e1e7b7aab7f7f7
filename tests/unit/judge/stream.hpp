// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <utility>

#include "judge/judge.hpp"
#include "judge/observations.hpp"
#include "plan/plan.hpp"

/// Builds a case and the stream of its observations, step by step, as the agent would send it.
namespace kmodtest::judge::testing {

using namespace std::chrono_literals;
using wire::Microseconds;

inline wire::Pattern lit(std::string text) {
  return {wire::Pattern::Kind::literal, std::move(text)};
}
inline wire::Pattern regex(std::string text) {
  return {wire::Pattern::Kind::regex, std::move(text)};
}

inline wire::ThreadRecord thread(std::string name, int cpu = 0, char state = 'S') {
  wire::ThreadRecord record;
  record.pid = record.tgid = 45;
  record.ppid = 2;
  record.name = name.substr(0, 15);
  record.full_name = std::move(name);
  record.state = state;
  record.cpu = cpu;
  record.allowed_cpus = std::to_string(cpu);
  record.kernel_thread = true;
  return record;
}

inline wire::ModuleRecord module_record(std::string name, int users = 0) {
  return {std::move(name), 16384, users, {}, "Live", 0xffffffffc0000000, "OE"};
}

/// A case of the module "ex" and its stream. The guest's clock and that of the kernel log agree here.
class Stream {
 public:
  Stream() {
    test_case.id = "ex [cpus=1]";
    test_case.modules = {{plan::ModuleSource::Kind::folder, "/m/ex", "ex", {}}};
    kernel::ModuleInfo info;
    info.name = "ex";
    info.fields = {{"license", "GPL"}};
    seen.modules = {info};
    seen.agent.emplace();
    seen.agent->kernel_release = "6.1.0-40-cloud-amd64";
    mark("start");
    seen.messages.push_back(wire::Baseline{});
  }

  Stream &at(Microseconds time) {
    now = time;
    return *this;
  }
  Stream &log(std::string text, std::uint8_t level = 6) {
    return add(wire::LogLines{{{sequence++, level, 0, now, "", std::move(text)}}, 0});
  }
  template <class Message>
  Stream &add(Message report) {
    seen.messages.push_back(std::move(report));
    return *this;
  }

  /// Begins a guest step: the plan's side of it, its marker and StepStarted.
  Stream &begin(wire::StepBody body, Microseconds within = 5s, Microseconds hold_for = 0us) {
    const std::string key = wire::step_name(body);
    plan::Step planned;
    planned.where = {"ex.yaml", 10 + static_cast<int>(test_case.steps.size()), 5};
    planned.key = key;
    planned.source = "  - " + key;
    planned.guest = wire::Step{std::move(body), within, hold_for, key};
    test_case.steps.push_back(std::move(planned));
    mark("step " + std::to_string(next_step + 1) + ": " + key);
    index = next_step++;
    return add(wire::StepStarted{index, now});
  }
  Stream &end(wire::StepResult result = wire::StepResult::held, std::string detail = {}) {
    return add(wire::StepEnded{index, now, result, sequence, std::move(detail)});
  }

  Stream &load(int error = 0, int expected = 0) {
    begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, expected}, 10s);
    return add(wire::Loaded{index, "ex", error, 100us, {}});
  }
  Stream &unload(int error = 0, int expected = 0) {
    begin(wire::Unload{{"ex"}, false, expected}, 10s);
    return add(wire::Unloaded{index, "ex", error, 100us});
  }
  /// Adds an unload that works, and the inventory after it.
  Stream &unloaded(wire::Inventory inventory = {}) {
    unload().end();
    return add(wire::AfterUnload{index, std::move(inventory)});
  }

  /// Ends the program normally.
  Verdict complete(wire::Inventory inventory = {}) {
    add(wire::AfterUnload{index, std::move(inventory)});
    mark("end");
    add(wire::ProgramEnded{now, next_step, false, false, {}});
    return verdict(Ending::Kind::completed);
  }
  Verdict verdict(Ending::Kind kind, std::string detail = {}) {
    seen.ending = {kind, std::move(detail)};
    return judge(test_case, seen);
  }

  plan::Case test_case;
  Observations seen;
  std::uint64_t sequence = 500;
  Microseconds now = 3s;
  std::uint32_t index = 0;

 private:
  void mark(const std::string &text) {
    add(wire::LogLines{{{sequence++, 6, 1, now, "", wire::kMarkerPrefix + text}}, 0});
  }
  std::uint32_t next_step = 0;
};

}  // namespace kmodtest::judge::testing
