// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/makers.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <iterator>
#include <string>

namespace kmodtest::judge {
namespace {

using kernel::ModuleInfo;

/// Functions with which a module can call any other.
constexpr std::string_view kAnything[] = {"kallsyms_lookup_name", "register_kprobe"};

/// Functions of the kernel in which a thread of any module can sleep.
constexpr std::string_view kOfAnyThread[] = {"msleep",
                                             "msleep_interruptible",
                                             "usleep_range",
                                             "usleep_range_state",
                                             "hrtimer_nanosleep",
                                             "kthread",
                                             "kthread_worker_fn",
                                             "kthread_parkme",
                                             "__kthread_parkme",
                                             "wait_woken",
                                             "irq_thread",
                                             "irq_wait_for_interrupt",
                                             "smpboot_thread_fn",
                                             "ret_from_fork",
                                             "wait_for_completion",
                                             "do_exit",
                                             "ret_from_fork_asm",
                                             "__refrigerator",
                                             "down",
                                             "down_interruptible",
                                             "worker_thread",
                                             "rescuer_thread"};

template <class Names>
bool has(const Names &names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// Returns true for a module that imports a function whose name begins with one of these, or whose imports are unknown.
bool imports(const ModuleInfo &module, std::initializer_list<std::string_view> prefixes) {
  const auto &symbols = module.undefined_symbols;
  return symbols.empty() || std::any_of(symbols.begin(), symbols.end(), [&](const std::string &symbol) {
           return has(kAnything, symbol) || std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
                    return symbol.starts_with(prefix);
                  });
         });
}

/// Kernels before 5.17 cut the names of threads.
constexpr std::size_t kLongestThreadName = 15;

/// Returns true for "ex", "ex-1" and "ex_thread", but not for "extra".
bool begins_with_name_of(const ModuleInfo &module, std::string_view name) {
  if (!name.starts_with(module.name)) return false;
  name.remove_prefix(module.name.size());
  return name.empty() || std::isalpha(static_cast<unsigned char>(name.front())) == 0;
}

bool can_name(const ModuleInfo &module, std::string_view name) {
  const auto makes = [name](const std::string &text) {
    // The compiler can store a text as the end of a longer one.
    return text.ends_with(name) || can_print(text, name) ||
           (name.size() == kLongestThreadName && text.find(name) != std::string::npos);
  };
  return module.texts.empty() || begins_with_name_of(module, name) ||
         std::any_of(module.texts.begin(), module.texts.end(), makes);
}

/// Removes "irq/5-" of an interrupt's thread.
std::string_view name_of(const wire::ThreadRecord &thread) {
  std::string_view name = thread.full_name.empty() ? thread.name : thread.full_name;
  const std::size_t dash = name.find('-');
  if (name.starts_with("irq/") && dash != std::string_view::npos) name.remove_prefix(dash + 1);
  return name;
}

/// Removes a conversion such as "%-3d" or "%pS" from the front.
void skip_conversion(std::string_view &format) {
  format.remove_prefix(1);
  format.remove_prefix(std::min(format.find_first_not_of("-+ #0123456789.*hlLqjzt"), format.size()));
  const bool pointer = format.starts_with('p');
  if (!format.empty()) format.remove_prefix(1);
  while (pointer && !format.empty() && std::isalnum(static_cast<unsigned char>(format.front())) != 0) {
    format.remove_prefix(1);
  }
}

}  // namespace

bool can_print(std::string_view format, std::string_view name) {
  bool anywhere = false;  // a conversion precedes, and can print anything
  while (!format.empty()) {
    if (format.front() == '%' && !format.starts_with("%%")) {
      skip_conversion(format);
      anywhere = true;
      continue;
    }
    if (format.front() == '%') format.remove_prefix(1);
    // The literal ends with the next conversion; "%%" begins another literal.
    const std::string_view literal = format.substr(0, std::min(format.find('%', 1), format.size()));
    format.remove_prefix(literal.size());
    const bool last = format.empty();
    const std::size_t at = !anywhere ? (name.starts_with(literal) ? 0 : std::string_view::npos)
                           : last    ? (name.ends_with(literal) ? name.size() - literal.size() : std::string_view::npos)
                                     : name.find(literal);
    if (at == std::string_view::npos) return false;
    name.remove_prefix(at + literal.size());
    anywhere = false;
  }
  return anywhere || name.empty();
}

bool can_have_made_thread(const std::vector<ModuleInfo> &modules, const wire::ThreadRecord &thread) {
  const bool kernels_code = !thread.waits_in.empty() && thread.waits_in != "0" && !has(kOfAnyThread, thread.waits_in);
  return std::any_of(modules.begin(), modules.end(), [&](const ModuleInfo &module) {
    return imports(module, {"kthread_create", "kthread_run", "kernel_thread", "user_mode_thread", "smpboot_register",
                            "request_threaded_irq", "request_any_context_irq", "devm_request_"}) &&
           (!kernels_code || can_name(module, name_of(thread)));
  });
}

std::string maker_of_thread(const std::vector<ModuleInfo> &modules, std::string_view name) {
  constexpr std::ptrdiff_t kFewestLetters = 3;  // a format such as "k%s" fits many names
  if (name.starts_with("kmodtest")) return {};  // the agent's own
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const auto names = [&](const std::string &text) {
    return std::ssize(text) >= kFewestLetters && std::all_of(text.begin(), text.begin() + kFewestLetters, is_letter) &&
           can_print(text, name);
  };
  const auto maker = std::find_if(modules.begin(), modules.end(), [&](const ModuleInfo &module) {
    return begins_with_name_of(module, name) || std::any_of(module.texts.begin(), module.texts.end(), names);
  });
  return maker == modules.end() || name.empty() ? std::string() : maker->name;
}

bool can_have_made_workqueue(const std::vector<ModuleInfo> &modules, std::string_view name) {
  return std::any_of(modules.begin(), modules.end(), [&](const ModuleInfo &module) {
    return imports(module, {"alloc_workqueue", "alloc_ordered_workqueue", "__alloc_workqueue", "devm_alloc"}) &&
           can_name(module, name);
  });
}

bool can_have_made_cache(const std::vector<ModuleInfo> &modules, std::string_view name) {
  return std::any_of(modules.begin(), modules.end(), [&](const ModuleInfo &module) {
    return imports(module, {"kmem_cache_create", "__kmem_cache_create", "kmem_buckets_create"}) &&
           can_name(module, name);
  });
}

}  // namespace kmodtest::judge
