// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/fault_calls.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <string_view>

#include "observe/reports/reports_catalogue.hpp"
#include "text/lines.hpp"
#include "text/number.hpp"

namespace kmodtest::observe {
namespace {

std::string_view take_word(std::string_view &text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

/// Sets the place from "my_init+0x3e/0x80 [my]".
void set_place(FaultCall &call, std::string_view text) {
  const auto frame = parse_frame(text);
  call.place = frame ? frame->place : std::string(text);
  const std::size_t plus = call.place.find("+0x");
  call.function = call.place.substr(0, plus);
  if (!frame) return;
  call.module = frame->module;
  call.size = frame->size;
  if (plus == std::string::npos) return;
  const std::string_view digits = std::string_view(call.place).substr(plus + 3);
  call.offset = text::leading_number<std::uint64_t>(digits, 16).value_or(0);
}

FaultCall::Context context_of(std::string_view letter) {
  if (letter == "i") return FaultCall::Context::init;
  return letter == "x" ? FaultCall::Context::exit : FaultCall::Context::other;
}

/// Reads "3 i 1 14178159 kmalloc_trace my_init+0x3e/0x80 [my]".
std::optional<FaultCall> read_call(std::string_view rest) {
  FaultCall call;
  const auto number = text::whole_number<std::uint64_t>(take_word(rest));
  if (!number) return std::nullopt;
  call.number = *number;
  call.context = context_of(take_word(rest));
  call.failed = take_word(rest) == "1";
  take_word(rest);  // the time
  call.symbol = take_word(rest);
  set_place(call, rest);
  return call;
}

/// Reads "2 200 kmalloc my_init+0x3e/0x80 [my]".
std::optional<MemoryLeft> read_left(std::string_view rest) {
  const auto objects = text::whole_number<std::uint64_t>(take_word(rest));
  const auto bytes = text::whole_number<std::uint64_t>(take_word(rest));
  if (!objects || !bytes) return std::nullopt;
  MemoryLeft left{.objects = *objects, .bytes = *bytes, .call = {}};
  left.call.symbol = take_word(rest);
  set_place(left.call, rest);
  return left;
}

/// Reads "kfree my_exit+0x3e/0x80 [my]" up to a comma; "? ?" is a call of the kernel's own.
FaultCall take_call(std::string_view &rest) {
  const std::size_t end = std::min(rest.find(", "), rest.size());
  std::string_view text = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 2, rest.size()));
  FaultCall call;
  call.symbol = take_word(text);
  if (call.symbol == "?") return {};
  set_place(call, text);
  return call;
}

/// Reads "100 kfree my_exit+0x3e/0x80 [my], kfree my_free+0x12/0x20 [my], kmalloc my_init+0x3e/0x80 [my]".
std::optional<FreedTwice> read_twice(std::string_view rest) {
  const auto bytes = text::whole_number<std::uint64_t>(take_word(rest));
  if (!bytes) return std::nullopt;
  FreedTwice twice{.bytes = *bytes, .second = take_call(rest), .first = {}, .allocation = {}};
  twice.first = take_call(rest);
  twice.allocation = take_call(rest);
  if (twice.second.place.empty() || twice.allocation.place.empty()) return std::nullopt;
  return twice;
}

/// Reads "3 100 kfree my_exit+0x3e/0x80 [my], kmalloc my_init+0x3e/0x80 [my]".
std::optional<InnerFree> read_inner(std::string_view rest) {
  const auto offset = text::whole_number<std::uint64_t>(take_word(rest));
  const auto bytes = text::whole_number<std::uint64_t>(take_word(rest));
  if (!offset || !bytes) return std::nullopt;
  InnerFree inner{.offset = *offset, .bytes = *bytes, .free = take_call(rest), .allocation = {}};
  inner.allocation = take_call(rest);
  if (inner.free.place.empty() || inner.allocation.place.empty()) return std::nullopt;
  return inner;
}

/// Reads "kmodtest_faults: call 3 fails: kmalloc_trace at my_init+0x3e/0x80 [my]".
std::optional<FaultCall> read_log_line(std::string_view line) {
  constexpr std::string_view kBegin = "kmodtest_faults: call ";
  if (!line.starts_with(kBegin)) return std::nullopt;
  line.remove_prefix(kBegin.size());
  FaultCall call;
  const auto number = text::whole_number<std::uint64_t>(take_word(line));
  if (!number || take_word(line) != "fails:") return std::nullopt;
  call.number = *number;
  call.failed = true;
  call.symbol = take_word(line);
  if (take_word(line) != "at") return std::nullopt;
  set_place(call, line);
  return call;
}

std::uint64_t value_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  return at == std::string_view::npos ? 0
                                      : text::leading_number<std::uint64_t>(line.substr(at + key.size())).value_or(0);
}

void read_line(std::string_view line, std::uint32_t step, FaultCalls &calls) {
  const std::string_view whole = line;
  const std::string_view word = take_word(line);
  if (word == "on" || word == "off") {
    calls.counted = value_after(whole, " calls=");
    calls.failed = value_after(whole, " failed=");
    calls.left.clear();
    calls.twice.clear();
    calls.inner.clear();
  } else if (word == "left") {
    if (auto left = read_left(line)) calls.left.push_back(std::move(*left));
  } else if (word == "twice") {
    if (auto twice = read_twice(line)) calls.twice.push_back(std::move(*twice));
  } else if (word == "inner") {
    if (auto inner = read_inner(line)) calls.inner.push_back(std::move(*inner));
  } else if (word == "without") {
    calls.missing.emplace_back(take_word(line));
  } else if (word == "call") {
    auto call = read_call(line);
    if (!call) return;
    call->step = step;
    calls.calls.push_back(std::move(*call));
  }
}

}  // namespace

std::vector<FaultCall> FaultCalls::failures() const {
  std::vector<FaultCall> found;
  std::copy_if(calls.begin(), calls.end(), std::back_inserter(found),
               [](const FaultCall &call) { return call.failed; });
  return found;
}

FaultCalls read_fault_calls(const std::vector<wire::AgentMessage> &messages,
                            const std::vector<wire::KernelLogLine> &log) {
  FaultCalls calls;
  std::uint32_t open_step = 0;
  for (const auto &message : messages) {
    if (const auto *start = std::get_if<wire::StepStarted>(&message)) open_step = start->step;
    const auto *part = std::get_if<wire::FaultCalls>(&message);
    if (part == nullptr) continue;
    for (const std::string &line : text::lines_of(part->text)) read_line(line, part->step, calls);
  }
  for (const auto &line : log) {
    auto call = line.facility == 0 ? read_log_line(line.text) : std::nullopt;
    if (!call) continue;
    const auto known = std::find_if(calls.calls.begin(), calls.calls.end(),
                                    [&](const FaultCall &one) { return one.number == call->number; });
    if (known != calls.calls.end()) continue;
    call->step = open_step;
    calls.counted = std::max(calls.counted, call->number);
    ++calls.failed;
    calls.calls.push_back(std::move(*call));
  }
  return calls;
}

}  // namespace kmodtest::observe
