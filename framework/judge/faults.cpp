// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/faults.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <set>
#include <utility>

#include "judge/always.hpp"
#include "kernel/faults/fault_functions.hpp"
#include "plan/fault.hpp"
#include "text/number.hpp"
#include "text/words.hpp"
#include "wire/faults.hpp"

namespace kmodtest::judge {
namespace {

using observe::FaultCall;

std::string error_name(int error) {
  const char *symbol = ::strerrorname_np(error);
  return symbol == nullptr ? std::to_string(error) : symbol;
}

/// Returns "kmalloc" for kmalloc_trace.
std::string function_name(const FaultCall &call) {
  const auto *function = kernel::find_fault_function(call.symbol, {});
  return function == nullptr ? call.symbol : std::string(function->shown);
}

/// Returns what is known of the function in the kernel of this case. A function that is not known returns NULL.
kernel::FaultFunction function_of(const CaseView &view, const FaultCall &call) {
  const auto &agent = view.seen.agent;
  const auto *function = kernel::find_fault_function(call.symbol, agent ? agent->kernel_release : std::string());
  if (function != nullptr) return *function;
  return {.symbol = call.symbol, .shown = call.symbol, .error = ENOMEM};
}

std::string value_of(const kernel::FaultFunction &function) {
  if (function.failure == kernel::Failure::null) return "NULL";
  if (function.failure == kernel::Failure::uncopied) return "that nothing was copied";
  const std::string error = "-" + error_name(function.error);
  return function.failure == kernel::Failure::pointer ? fmt::format("ERR_PTR({})", error) : error;
}

/// Returns the error with which the driver core says that a probe failed: "probe of x failed with error -12" (kernel:
/// drivers/base/dd.c). The registration of the driver succeeds anyway.
std::optional<int> probe_error(const std::vector<wire::KernelLogLine> &log) {
  constexpr std::string_view kFailed = "failed with error -";
  for (const auto &line : log) {
    const std::size_t at = line.text.find(kFailed);
    if (at == std::string::npos || line.text.find("probe ") == std::string::npos) continue;
    if (const auto error = text::leading_number<int>(std::string_view(line.text).substr(at + kFailed.size())))
      return error;
  }
  return std::nullopt;
}

struct ResultWords {
  FaultResult result;
  const char *words;
};
constexpr std::array<ResultWords, 9> kResultWords{{{FaultResult::handled, "handled"},
                                                   {FaultResult::crashed, "crashed"},
                                                   {FaultResult::hung, "hung"},
                                                   {FaultResult::leaked, "leaked"},
                                                   {FaultResult::went_on_null, "went on with a NULL"},
                                                   {FaultResult::went_on, "went on after an error"},
                                                   {FaultResult::other_errno, "returned another error"},
                                                   {FaultResult::load_again, "could not be loaded again"},
                                                   {FaultResult::not_made, "not made"}}};

std::string source_of(const CaseView &view, const FaultCall &call) {
  const auto found = view.seen.call_sources.find(call.key());
  return found == view.seen.call_sources.end() ? std::string() : found->second;
}

/// Returns what frees memory of this function.
std::string free_function(const FaultCall &call) {
  static const std::map<std::string, std::string, std::less<>> functions = {
      {"alloc_pages", "__free_pages"},
      {"__get_free_pages", "free_pages"},
      {"get_zeroed_page", "free_page"},
      {"alloc_pages_exact", "free_pages_exact"},
      {"vmalloc", "vfree"},
      {"vzalloc", "vfree"},
      {"__vmalloc", "vfree"},
      {"kvmalloc", "kvfree"},
      {"alloc_percpu", "free_percpu"},
      {"mempool_create", "mempool_destroy"},
      {"dma_alloc_coherent", "dma_free_coherent"},
      {"bitmap_alloc", "bitmap_free"},
      {"bitmap_zalloc", "bitmap_free"},
      {"kmem_cache_alloc", "kmem_cache_free"},
      {"alloc_skb", "kfree_skb"},
      {"netdev_alloc_skb", "kfree_skb"},
      {"napi_alloc_skb", "kfree_skb"},
      {"build_skb", "kfree_skb"},
      {"alloc_skb_with_frags", "kfree_skb"},
      {"skb_clone", "kfree_skb"},
      {"skb_copy", "kfree_skb"},
      {"skb_copy_expand", "kfree_skb"},
      {"pskb_copy", "kfree_skb"},
      {"skb_realloc_headroom", "kfree_skb"},
      {"alloc_workqueue", "destroy_workqueue"},
      {"crypto_alloc_shash", "crypto_free_shash"},
      {"crypto_alloc_ahash", "crypto_free_ahash"},
      {"crypto_alloc_skcipher", "crypto_free_skcipher"},
      {"crypto_alloc_sync_skcipher", "crypto_free_sync_skcipher"},
      {"crypto_alloc_aead", "crypto_free_aead"},
      {"crypto_alloc_akcipher", "crypto_free_akcipher"},
      {"crypto_alloc_rng", "crypto_free_rng"},
      {"crypto_alloc_acomp", "crypto_free_acomp"},
      {"crypto_alloc_kpp", "crypto_free_kpp"},
      {"crypto_alloc_base", "crypto_free_tfm"},
      {"gen_pool_create", "gen_pool_destroy"},
      {"dma_pool_create", "dma_pool_destroy"},
      {"filp_open", "filp_close"},
      {"kobject_create_and_add", "kobject_put"},
      {"kset_create_and_add", "kset_unregister"},
      {"usb_alloc_urb", "usb_free_urb"},
      {"input_allocate_device", "input_free_device"},
      {"platform_device_alloc", "platform_device_put"},
      {"mempool_alloc", "mempool_free"},
      {"alloc_netdev", "free_netdev"},
      {"alloc_etherdev", "free_netdev"},
      {"kfifo_alloc", "kfifo_free"},
      {"sg_alloc_table", "sg_free_table"},
      {"list_lru_init", "list_lru_destroy"},
      {"init_srcu_struct", "cleanup_srcu_struct"},
      {"percpu_counter_init", "percpu_counter_destroy"},
      {"percpu_ref_init", "percpu_ref_exit"},
      {"percpu_init_rwsem", "percpu_free_rwsem"},
      {"rhashtable_init", "rhashtable_destroy"},
      {"rhltable_init", "rhltable_destroy"},
      {"mempool_init", "mempool_exit"},
      {"bioset_init", "bioset_exit"},
  };
  const auto found = functions.find(function_name(call));
  return found == functions.end() ? "kfree" : found->second;
}

/// `call`: the function and its place. The size of objects of the kernel's own is not known.
std::string words_of(const observe::MemoryLeft &left, const std::string &call) {
  const std::string objects = text::counted(left.objects, "object");
  if (left.bytes == 0)
    return fmt::format("{} from {} {} not freed after the unload", objects, call, left.objects == 1 ? "is" : "are");
  return fmt::format("{} from {} {} not freed after the unload ({})", text::counted(left.bytes, "byte"), call,
                     left.bytes == 1 ? "is" : "are", objects);
}

}  // namespace

std::string describe(const CaseView &view, const FaultCall &call) {
  const std::string source = source_of(view, call);
  return fmt::format("{} at {}{}", function_name(call), call.place, source.empty() ? "" : fmt::format(" ({})", source));
}

std::string call_name(const FaultCall &call) {
  return fmt::format("{}@{}", function_name(call), call.place);
}

std::string fault_summary(const std::vector<FaultResult> &results) {
  std::string text = text::counted(results.size(), "call");
  std::size_t named = 0;
  for (const auto &[result, words] : kResultWords) {
    const auto count = static_cast<std::size_t>(std::count(results.begin(), results.end(), result));
    named += count;
    if (count > 0) text += fmt::format(", {} {}", count, words);
  }
  if (named < results.size()) text += fmt::format(", {} failed otherwise", results.size() - named);
  return text;
}

FaultView::FaultView(const CaseView &view) : view_(view) {
  if (!plan::needs_fault_module(view.test_case)) return;
  calls_ = observe::read_fault_calls(view.seen.messages, view.log);
  failures_ = calls_.failures();
  for (std::size_t i = 0; i < view.test_case.steps.size(); ++i) {
    const auto &step = view.test_case.steps[i];
    if (step.guest && wire::ends_faults(step.guest->body)) end_ = i;
  }
}

bool FaultView::excuses(std::size_t case_index) const {
  if (failures_.empty() || is_again(case_index)) return false;
  const auto index = view_.guest_index[case_index];
  if (!index) return false;
  const bool came =
      std::any_of(failures_.begin(), failures_.end(), [&](const FaultCall &call) { return call.step <= *index; });
  const StepView step(view_, case_index);
  if (!came || step.ended == nullptr) return false;
  const wire::StepBody &body = step.guest().body;
  using Result = wire::StepResult;
  const Result result = step.ended->result;
  const bool ran = std::holds_alternative<wire::RunCommand>(body);
  return result == Result::held || result == Result::refused || !wire::is_action(body) ||
         (ran && result == Result::violated);
}

bool FaultView::is_after_refusal(std::optional<std::size_t> case_index) const {
  const auto index = case_index ? view_.guest_index[*case_index] : std::nullopt;
  if (failures_.empty() || view_.after_unload.empty()) return false;
  const std::uint32_t looked = view_.after_unload.front().after->step;
  const auto is_refusal = [&](const wire::AgentMessage &message) {
    const auto *loaded = std::get_if<wire::Loaded>(&message);
    return loaded != nullptr && loaded->error != 0 && loaded->step <= looked;
  };
  return (!case_index || (index && *index >= looked)) &&
         std::any_of(view_.seen.messages.begin(), view_.seen.messages.end(), is_refusal);
}

std::string FaultView::words() const {
  if (!plan::has_fault(view_.test_case)) return {};
  const std::string &known = view_.test_case.fault->call;
  if (failures_.empty()) {
    // The guest ended before it could report the call.
    const bool ended = view_.seen.ending.kind != Ending::Kind::completed;
    return ended && !known.empty() ? fmt::format("call {} failed, {}", view_.test_case.fault->from, known) : "";
  }
  const FaultCall &first = failures_.front();
  if (calls_.failed > 1) return fmt::format("{} calls failed, the first {}", calls_.failed, describe(view_, first));
  return fmt::format("call {} failed, {}", first.number, describe(view_, first));
}

bool FaultView::is_tolerated(const FaultCall &call) const {
  if (function_of(view_, call).ignorable) return true;
  const std::string name = function_name(call);
  std::string line = source_of(view_, call);
  line = line.substr(0, line.find(' '));
  const auto &globs = view_.test_case.fault->tolerates;
  for (const std::string &form : {name, name + '@' + call.function, name + '@' + call.place, name + '@' + line})
    if (any_matches(globs, form)) return true;
  return false;
}

std::optional<FaultView::LoadFinding> FaultView::check_load(std::size_t case_index) const {
  const StepView step(view_, case_index);
  const auto &load = std::get<wire::Load>(step.guest().body);
  std::set<int> errors{load.expected_errno};
  const FaultCall *reason = nullptr;
  for (const FaultCall &call : failures_) {
    if (call.step != step.index || call.context != FaultCall::Context::init) continue;
    errors.insert(function_of(view_, call).error);
    if (reason == nullptr && !is_tolerated(call)) reason = &call;
  }
  if (reason == nullptr) return std::nullopt;
  const wire::Loaded *loaded = nullptr;
  for (const auto *one : step.of<wire::Loaded>())
    if (one->module == reason->module) loaded = one;
  if (loaded == nullptr) return std::nullopt;
  if (loaded->error != 0 && errors.contains(loaded->error)) return std::nullopt;
  const std::string call = describe(view_, *reason);
  const kernel::FaultFunction function = function_of(view_, *reason);
  LoadFinding found{.finding = {.outcome = Outcome::failed, .evidence = evidence_of(view_, case_index)}};
  Evidence &evidence = found.finding.evidence;
  const std::string refusal = fmt::format("-{}", error_name(function.error));
  evidence.expected = fmt::format("the load is refused with {}", refusal);
  if (loaded->error == 0) {
    const auto probe = probe_error(step.own_log());
    if (probe && errors.contains(*probe)) return std::nullopt;
    found.result = function.failure == kernel::Failure::null ? FaultResult::went_on_null : FaultResult::went_on;
    evidence.summary = fmt::format("the load of {} went on although {} returned {}", loaded->module,
                                   function_name(*reason), value_of(function));
    evidence.seen = "the load succeeded";
    evidence.hint = fmt::format("return {} from the init function; 'fail: {{tolerates: [{}@{}]}}' lets the load go on",
                                refusal, function_name(*reason), reason->function);
    return found;
  }
  found.result = FaultResult::other_errno;
  const std::string other = error_name(loaded->error);
  evidence.summary = fmt::format("the load of {} was refused with -{} although {} returned {}", loaded->module, other,
                                 function_name(*reason), value_of(function));
  evidence.seen = fmt::format("refused with -{}", other);
  evidence.hint = "pass on the error of the call that failed";
  return found;
}

std::optional<FaultView::LoadFinding> FaultView::first_load_finding() const {
  for (std::size_t i = 0; i < view_.test_case.steps.size(); ++i) {
    const auto &step = view_.test_case.steps[i];
    if (!step.guest || !std::holds_alternative<wire::Load>(step.guest->body) || is_again(i)) continue;
    if (auto found = check_load(i)) return found;
  }
  return std::nullopt;
}

std::optional<Finding> FaultView::wrong_load() const {
  auto found = first_load_finding();
  return found ? std::optional(std::move(found->finding)) : std::nullopt;
}

std::optional<Finding> FaultView::call_not_made() const {
  if (!plan::has_fault(view_.test_case) || view_.test_case.fault->mode != plan::Fault::Mode::fail) return std::nullopt;
  const plan::Fault &fault = *view_.test_case.fault;
  const bool by_chance = fault.chance < plan::Fault::kAlways;
  if (!failures_.empty() || by_chance || view_.seen.ending.kind != Ending::Kind::completed) return std::nullopt;
  Finding finding{.outcome = Outcome::failed};
  finding.evidence.summary = fmt::format("call {} was not made, so none failed", fault.from);
  finding.evidence.expected = fmt::format("at least {} that can fail", text::counted(fault.from, "call"));
  finding.evidence.seen = text::counted(calls_.counted, "call");
  finding.evidence.hint = "kmodtest run --fail-each lets each call fail that the modules make";
  return finding;
}

std::vector<Finding> FaultView::memory_left() const {
  std::vector<Finding> findings;
  const plan::Checks &checks = view_.test_case.checks;
  if (!checks.leftovers) return findings;
  for (const observe::MemoryLeft &left : calls_.left) {
    const std::string name = "memory:" + left.call.function;
    if (any_matches(checks.allow, name)) continue;
    Finding finding{.outcome = Outcome::leaked};
    Evidence &evidence = finding.evidence;
    evidence.summary = words_of(left, describe(view_, left.call));
    evidence.expected = "nothing in memory that the module allocated";
    evidence.seen = evidence.summary;
    evidence.hint = fmt::format("call {} where the load fails, and in the exit function", free_function(left.call));
    evidence.permission = {.kind = Permission::Kind::object, .name = name};
    findings.push_back(std::move(finding));
  }
  return findings;
}

FaultResult FaultView::result(const Verdict &verdict) const {
  switch (verdict.outcome) {
    case Outcome::passed:
      return FaultResult::handled;
    case Outcome::crashed:
      return FaultResult::crashed;
    case Outcome::hung:
      return FaultResult::hung;
    case Outcome::leaked:
      return FaultResult::leaked;
    case Outcome::failed:
      break;
    default:
      return FaultResult::other;
  }
  if (const auto found = first_load_finding()) return found->result;
  if (failures_.empty()) return FaultResult::not_made;
  const auto &step = verdict.evidence.empty() ? std::nullopt : verdict.evidence.front().step;
  return step && is_again(*step) ? FaultResult::load_again : FaultResult::other;
}

}  // namespace kmodtest::judge
