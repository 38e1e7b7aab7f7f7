// SPDX-License-Identifier: GPL-2.0-or-later
// The plan parser: text in, a plan or diagnostics out.
#include "plan/plan.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "base/error.hpp"
#include "property.hpp"
#include "wire/frame.hpp"

namespace {

using namespace kmodtest;

void check_diagnostic(const plan::Diagnostic &diagnostic, long lines) {
  fuzz::require(!diagnostic.message.empty(), "a diagnostic says something");
  fuzz::require(diagnostic.where.line >= 0 && diagnostic.where.line <= lines + 1, "a diagnostic stands in the file");
  fuzz::require(diagnostic.where.line == 0 || diagnostic.where.column >= 1, "columns count from 1");
  fuzz::require(diagnostic.width >= 0, "a width is no negative number");
  fuzz::require(!diagnostic.str().empty(), "a diagnostic can be printed");
}

void check_case(const plan::Case &test_case) {
  fuzz::require(test_case.guest.cpus >= 1 && test_case.guest.cpus <= 64, "a guest has 1 to 64 CPUs");
  fuzz::require(test_case.guest.memory_mib > 0, "a guest has memory");
  fuzz::require(!test_case.modules.empty(), "a case has a module");
  wire::Run run;
  for (const plan::Step &step : test_case.steps) {
    fuzz::require(step.guest.has_value() != step.modinfo.has_value(), "a step is for the guest or for the controller");
    if (step.guest) run.program.steps.push_back(*step.guest);
  }
  const wire::Request request(run);
  if (wire::payload_size(request) > wire::kMaxPayload) return;
  wire::FrameDecoder decoder;
  decoder.feed(wire::encode(request, 1));
  const auto frame = decoder.next();
  fuzz::require(frame.has_value(), "a program makes a frame");
  std::string error;
  fuzz::require(wire::decode_request(*frame, &error) == request, "a program arrives as it was sent");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string text(fuzz::as_text(data, size));
  const long lines = 1 + std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r');
  const plan::ParseResult result = plan::parse_plan_text(text, KMODTEST_FUZZ_PLAN);

  const bool has_error = std::any_of(result.diagnostics.begin(), result.diagnostics.end(), [](const auto &diagnostic) {
    return diagnostic.severity == plan::Diagnostic::Severity::error;
  });
  fuzz::require(result.plan.has_value() != has_error, "a plan or an error, never both, never neither");
  for (const plan::Diagnostic &diagnostic : result.diagnostics) check_diagnostic(diagnostic, lines);
  if (result.plan) {
    std::set<std::string> ids;
    for (const plan::Case &test_case : result.plan->cases) {
      fuzz::require(ids.insert(test_case.id).second, "ids are unique within a plan");
      check_case(test_case);
    }
  }
  return 0;
}
