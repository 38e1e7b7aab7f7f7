// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/reports/reports_catalogue.hpp"

#include <cctype>

#include "text/number.hpp"

namespace kmodtest::observe {
namespace {

using enum ReportClass;

constexpr bool kAnywhere = true;
constexpr bool kFatal = true;

// The first matching row wins: special before general.
constexpr Signature kSignatures[] = {
    // Faults (kernel: arch/x86/mm/fault.c, arch/x86/kernel/traps.c).
    {"BUG: kernel NULL pointer dereference", false, "", "NULL pointer dereference"},
    {"BUG: unable to handle kernel NULL pointer dereference", false, "", "NULL pointer dereference"},
    {"Unable to handle kernel NULL pointer dereference", false, "", "NULL pointer dereference"},
    {"BUG: unable to handle page fault", false, "", "page fault"},
    {"BUG: unable to handle kernel paging request", false, "", "page fault"},
    {"Unable to handle kernel", false, "", "page fault"},
    {"kernel tried to execute NX-protected page", false, "", "execution of data"},
    {"unable to execute userspace code", false, "", "execution of user memory"},
    {"general protection fault", false, "", "general protection fault"},
    {"stack segment", false, ": ", "stack segment fault"},
    {"divide error: ", false, "", "divide error"},
    {"invalid opcode: ", false, "", "invalid opcode"},
    {"int3: ", false, "", "int3"},
    {"PANIC: double fault", kAnywhere, "", "double fault", crash, ReportEnd::panic, kFatal},
    {"stack guard page was hit", kAnywhere, "", "kernel stack overflow"},
    {"Kernel panic - not syncing", false, "", "panic", crash, ReportEnd::panic, kFatal},
    {"PANIC: early exception", false, "", "early exception", crash, ReportEnd::panic, kFatal},
    // Corrupted data (kernel: lib/list_debug.c, lib/refcount.c, lib/debugobjects.c, mm/usercopy.c).
    {"list_add corruption", false, "", "list corruption"},
    {"list_del corruption", false, "", "list corruption"},
    {"list_add double add", false, "", "list corruption"},
    {"refcount_t: ", false, "", "refcount"},
    {"ODEBUG: ", false, "object", "debugobjects"},
    {"usercopy: Kernel memory ", false, "", "usercopy"},
    {"CFI failure at ", false, "", "CFI failure"},
    {"kobject: ", false, "is not initialized, yet", "kobject"},
    // Memory (kernel: mm/kasan/report.c, mm/kfence/report.c, kernel/kcsan/report.c, lib/ubsan.c, mm/page_alloc.c,
    // mm/slub.c).
    {"BUG: KASAN: ", false, "", "KASAN:", crash, ReportEnd::rule},
    {"BUG: KFENCE: ", false, "", "KFENCE:", crash, ReportEnd::rule},
    {"BUG: KMSAN: ", false, "", "KMSAN:", crash, ReportEnd::rule},
    {"BUG: KCSAN: ", false, "", "KCSAN:", crash, ReportEnd::rule},
    {"UBSAN: ", false, "", "UBSAN:", crash, ReportEnd::rule},
    {"BUG: Bad page state", false, "", "bad page", crash, ReportEnd::stack},
    {"BUG: Bad page map", false, "", "bad page", crash, ReportEnd::stack},
    {"page allocation failure: order:", kAnywhere, "", "page allocation failure", crash, ReportEnd::stack},
    {"invoked oom-killer: ", kAnywhere, "", "out of memory", crash, ReportEnd::stack},
    {"BUG: Bad rss-counter state", false, "", "bad rss-counter", crash, ReportEnd::at_once},
    {"BUG ", false, "): Objects remaining", "slab cache still has objects", leftover, ReportEnd::stack},
    {"BUG ", false, "): ", "slab corruption", crash, ReportEnd::stack},
    // Locking and context (kernel: kernel/locking/, kernel/sched/core.c).
    {"BUG: scheduling while atomic", false, "", "scheduling while atomic", crash, ReportEnd::stack},
    {"BUG: sleeping function called from invalid context", false, "", "sleeping function called from invalid context",
     crash, ReportEnd::stack},
    {"BUG: using ", false, " in preemptible", "smp_processor_id in preemptible code", crash, ReportEnd::stack},
    {"BUG: spinlock ", false, "", "spinlock misuse", crash, ReportEnd::stack},
    {"BUG: rwlock ", false, "", "spinlock misuse", crash, ReportEnd::stack},
    {"[ BUG: ", false, " ]", "lockdep:", crash, ReportEnd::stack},
    {"WARNING: possible circular locking", false, "", "lockdep: possible circular locking", crash, ReportEnd::stack},
    {"WARNING: possible recursive locking", false, "", "lockdep: possible recursive locking", crash, ReportEnd::stack},
    {"WARNING: possible irq lock inversion", false, "", "lockdep: possible irq lock inversion", crash,
     ReportEnd::stack},
    {"WARNING: inconsistent lock state", false, "", "lockdep: inconsistent lock state", crash, ReportEnd::stack},
    {"WARNING: lock held when returning to user space", false, "", "lockdep: lock held when returning to user space",
     crash, ReportEnd::stack},
    {"WARNING: possible deadlock", false, "", "lockdep: possible deadlock", crash, ReportEnd::stack},
    {"safe lock order detected", kAnywhere, "", "lockdep: irq-unsafe lock order", crash, ReportEnd::stack},
    {"WARNING: held lock freed", false, "", "lockdep: held lock freed", crash, ReportEnd::stack},
    {"WARNING: Nested lock was not taken", false, "", "lockdep: nested lock was not taken", crash, ReportEnd::stack},
    {"WARNING: bad unlock balance", false, "", "lockdep: bad unlock balance", crash, ReportEnd::stack},
    {"WARNING: suspicious RCU usage", false, "", "suspicious RCU usage", crash, ReportEnd::stack},
    {"INFO: trying to register non-static key", false, "", "lockdep: non-static key", crash, ReportEnd::stack},
    {"irq ", false, ": nobody cared", "irq: nobody cared", crash, ReportEnd::stack},
    // Stalls (kernel: kernel/watchdog.c, kernel/hung_task.c, kernel/power/process.c, kernel/rcu/tree_stall.h,
    // kernel/workqueue.c, kernel/smp.c).
    {"BUG: soft lockup", kAnywhere, "", "soft lockup", stall, ReportEnd::stack},
    {"detected hard LOCKUP", kAnywhere, "", "hard lockup", stall, ReportEnd::stack},
    {.text = "INFO: task ",
     .also = " blocked for more than ",
     .kind = "hung task",
     .report_class = stall,
     .end = ReportEnd::stack,
     .task_sleeps = true},
    {.text = "INFO: task ",
     .also = " blocked in I/O wait for more than ",
     .kind = "hung task",
     .report_class = stall,
     .end = ReportEnd::stack,
     .task_sleeps = true},
    {"INFO: rcu", kAnywhere, "stall", "RCU stall", stall, ReportEnd::stack},
    {.text = "Freezing ",
     .also = " failed after ",
     .kind = "task that does not freeze",
     .report_class = stall,
     .end = ReportEnd::stack,
     .task_sleeps = true},
    {"BUG: workqueue lockup", false, "", "workqueue lockup", stall, ReportEnd::stack},
    {"non-responsive CSD lock", kAnywhere, "", "CSD lock", stall, ReportEnd::stack},
    // Leftovers of an unload (kernel: fs/proc/generic.c, mm/slab_common.c, fs/sysfs/dir.c, kernel/irq/manage.c).
    {": removing non-empty directory '", kAnywhere, "leaking at least", "proc leftover", leftover},
    {"Slab cache still has objects", kAnywhere, "", "slab cache still has objects", leftover, ReportEnd::stack},
    {"sysfs: cannot create duplicate filename", false, "", "sysfs duplicate", leftover, ReportEnd::stack},
    {"debugfs: ", false, "already present!", "debugfs duplicate", leftover, ReportEnd::at_once},
    {"Trying to free already-free IRQ ", false, "", "irq freed twice"},
    {"unregister_netdevice: waiting for ", false, "", "network device in use", leftover, ReportEnd::at_once},
    {"VFS: Busy inodes after unmount", false, "", "busy inodes", leftover, ReportEnd::at_once},
    {"kmemleak: Found object by alias", false, "", "kmemleak: address in the middle of an object", crash,
     ReportEnd::stack},
    {"kmemleak: ", false, "new suspected memory leaks", "memory leak", leftover, ReportEnd::at_once},
    // Requests that were refused, and failures that were asked for (kernel: kernel/irq/manage.c, lib/fault-inject.c).
    // With CONFIG_DEBUG_SHIRQ, and with a verbose fault injection, a stack follows. An interrupt that an earlier load
    // has left is found after its unload.
    {.text = "genirq: Flags mismatch irq", .kind = "refused interrupt", .end = ReportEnd::at_once, .harmless = true},
    {.text = "FAULT_INJECTION: forcing a failure",
     .kind = "injected failure",
     .end = ReportEnd::stack,
     .harmless = true},
    // Other members of the big families.
    {"kernel BUG at ", false, "", "BUG"},
    {"WARNING: CPU: ", false, " at ", "WARNING"},
    {"WARNING: ", false, ", CPU#", "WARNING"},
    {.text = "BUG: ", .kind = "BUG", .end = ReportEnd::stack, .only_warnings = true},
    {.text = "WARNING: ", .kind = "WARNING", .end = ReportEnd::stack, .only_warnings = true},
};

/// "Oops: divide error: 0000 [#1]" since 6.10; "Oops: 0002 [#1] PREEMPT SMP" is the second line of a page fault.
constexpr Signature kPlainOops = {"Oops: ", false, "[#", "Oops"};

bool has(const Signature &signature, std::string_view text) {
  std::size_t at = 0;
  if (signature.anywhere) {
    at = text.find(signature.text);
    if (at == std::string_view::npos) return false;
  } else if (!text.starts_with(signature.text)) {
    return false;
  }
  return signature.also.empty() || text.find(signature.also, at + signature.text.size()) != std::string_view::npos;
}

/// Returns true for the few lines of a log that have any of these texts; only for them is the table searched.
bool is_suspicious(std::string_view text) {
  static constexpr std::string_view kHints[] = {
      "BUG",          "WARNING: ",    "INFO: ",    "nable to ",   "ault",       "error: ",      "opcode: ",
      "int3: ",       "Kernel panic", "PANIC: ",   "corruption",  "double add", "refcount_t: ", "ODEBUG: ",
      "usercopy: ",   "failure",      "kobject: ", "SAN: ",       "LOCKUP",     "nobody cared", "removing non-empty",
      "cache still",  "duplicate",    "genirq: ",  "Busy inodes", "kmemleak: ", "waiting for",  "CSD lock",
      "kernel tried", "stack ",       "Oops: ",    "oom-killer",  "already",    "lock order",   "FAULT_INJECTION",
      "Freezing "};
  for (const auto hint : kHints) {
    if (text.find(hint) != std::string_view::npos) return true;
  }
  return false;
}

std::string_view without_oops(std::string_view text) {
  constexpr std::string_view kOops = "Oops: ";
  return text.starts_with(kOops) ? text.substr(kOops.size()) : text;
}

bool is_symbol_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '$';
}

}  // namespace

std::span<const Signature> signatures() {
  return kSignatures;
}

const Signature *find_signature(const wire::KernelLogLine &line) {
  // Facility 0 is the kernel; a line that user space writes to /dev/kmsg is not a report.
  if (line.facility != 0 || !is_suspicious(line.text)) return nullptr;
  const std::string_view text = without_oops(line.text);
  for (const auto &signature : kSignatures) {
    if (signature.only_warnings && line.level > 4) continue;
    if (has(signature, text)) return &signature;
  }
  return has(kPlainOops, line.text) ? &kPlainOops : nullptr;
}

std::string kind_of(const Signature &signature, std::string_view text) {
  std::string kind(signature.kind);
  if (kind.empty() || kind.back() != ':') return kind;
  std::string_view rest = text.substr(text.find(signature.text) + signature.text.size());
  for (const std::string_view stop :
       {std::string_view(" in "), std::string_view(" at "), std::string_view(" ]"), std::string_view(": ")}) {
    rest = rest.substr(0, rest.find(stop));
  }
  return kind + " " + std::string(rest);
}

bool continues_report(std::string_view text) {
  static constexpr std::string_view kStarts[] = {
      "CPU: ", "Hardware name: ", "Call Trace:", "Workqueue: ", "Modules linked in:", "RIP: ", "RSP: ", "Code: ",
      "RAX: ", "RDX: ", "RBP: ", "R10: ", "R13: ", "FS: ", "CS: ", "CR2: ", "DR0: ", "DR3: ", "PKRU: ", "Tainted: ",
      "#PF: ", "PGD ", "Oops: ",
      // An address without a known symbol, e.g. in an init text freed meanwhile.
      " 0x", " ? 0x", " <TASK>", " </TASK>", " <IRQ>", " </IRQ>"};
  for (const auto start : kStarts) {
    if (text.starts_with(start)) return true;
  }
  return text.starts_with(' ') && parse_frame(text).has_value();
}

std::optional<Frame> parse_frame(std::string_view text) {
  const std::size_t plus = text.find("+0x");
  if (plus == std::string_view::npos) return std::nullopt;
  std::size_t start = plus;
  while (start > 0 && is_symbol_character(text[start - 1])) --start;
  std::size_t end = plus + 3;
  while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
  if (start == plus || end == plus + 3) return std::nullopt;
  Frame frame;
  frame.place = text.substr(start, end - start);
  frame.guessed = text.substr(0, start).find("? ") != std::string_view::npos;
  if (text.substr(end).starts_with("/0x")) {
    frame.size = text::leading_number<decltype(frame.size)>(text.substr(end + 3), 16).value_or(0);
  }
  while (end < text.size() && text[end] != ' ') ++end;
  const std::string_view rest = text.substr(end);
  if (rest.starts_with(" [")) {
    // Within the brackets, a build id can follow the name, and taint letters in parentheses.
    frame.module = rest.substr(2, rest.find_first_of(" ](", 2) - 2);
  }
  return frame;
}

std::optional<std::uint64_t> parse_bare_address(std::string_view text) {
  constexpr std::string_view kRip = "RIP: 0010:0x", kFrame = " 0x";
  const bool rip = text.starts_with(kRip);
  if (!rip && !text.starts_with(kFrame)) return std::nullopt;
  text.remove_prefix(rip ? kRip.size() : kFrame.size());
  const auto address = text::take_number<std::uint64_t>(text, 16);
  return text.empty() || text.starts_with(' ') ? address : std::nullopt;
}

}  // namespace kmodtest::observe
