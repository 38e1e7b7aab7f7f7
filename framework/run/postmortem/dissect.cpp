// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/dissect.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "run/postmortem/guest_memory.hpp"
#include "run/postmortem/kernel_places.hpp"

/// Sources: kernel, <linux/sched.h> (task_struct), <linux/module.h> (module, mod_kallsyms), <linux/mutex.h>.
namespace kmodtest::run {
namespace {

using judge::CpuSeen;
using judge::TaskSeen;

constexpr std::uint64_t kStackBytes = 16u << 10;  // THREAD_SIZE, and that of a CPU's interrupt stack
constexpr std::size_t kMostTasks = 1000;
constexpr std::size_t kMostModules = 200;
constexpr std::size_t kMostModuleSymbols = 20'000;
constexpr std::size_t kMostFrames = 24;
constexpr int kMostWaiters = 32;
constexpr std::size_t kCallBytes = 7;  // the longest call instruction that the compiler emits

/// The offsets of the kernel's structs that we need.
struct Layout {
  std::size_t tasks, pid, comm, state, stack, sp;
  std::size_t module_list, module_name, module_symbols;
  std::size_t symtab, symbols, strtab;
  std::size_t owner, waiters;
};

std::optional<Layout> layout_of(const kernel::StructLayouts &structs) {
  bool whole = true;
  const auto at = [&](const char *structure, std::initializer_list<const char *> members) -> std::size_t {
    for (const char *member : members) {
      if (const auto offset = structs.offset_of(structure, member)) return *offset;
    }
    whole = false;
    return 0;
  };
  Layout layout{};
  layout.tasks = at("task_struct", {"tasks"});
  layout.pid = at("task_struct", {"pid"});
  layout.comm = at("task_struct", {"comm"});
  layout.state = at("task_struct", {"__state", "state"});  // renamed in 5.14
  layout.stack = at("task_struct", {"stack"});
  layout.sp = at("task_struct", {"thread.sp"});
  layout.module_list = at("module", {"list"});
  layout.module_name = at("module", {"name"});
  layout.module_symbols = at("module", {"kallsyms"});
  layout.symtab = at("mod_kallsyms", {"symtab"});
  layout.symbols = at("mod_kallsyms", {"num_symtab"});
  layout.strtab = at("mod_kallsyms", {"strtab"});
  layout.owner = at("mutex", {"owner"});
  layout.waiters = at("mutex", {"wait_list", "first_waiter"});
  return whole ? std::optional(layout) : std::nullopt;
}

char state_letter(std::uint32_t state) {
  constexpr std::uint32_t kInterruptible = 1, kUninterruptible = 2, kStopped = 4, kTraced = 8, kParked = 0x40,
                          kNoLoad = 0x400;
  if ((state & kUninterruptible) != 0) return (state & kNoLoad) != 0 ? 'I' : 'D';
  if ((state & kInterruptible) != 0) return 'S';
  if ((state & kStopped) != 0) return 'T';
  if ((state & kTraced) != 0) return 't';
  if ((state & kParked) != 0) return 'P';
  return state == 0 ? 'R' : '?';
}

/// Returns whether these bytes end with an instruction that calls. The running kernel has patched indirect calls in
/// place, so any of the forms can be in any of the places.
bool ends_with_call(std::string_view before) {
  const auto back = [&](std::size_t n) { return static_cast<unsigned char>(before[before.size() - n]); };
  if (before.size() < kCallBytes) return false;
  return back(5) == 0xe8 || back(2) == 0xe8 || back(3) == 0xe8 || back(2) == 0xff || back(3) == 0xff ||
         back(3) == 0x41 || back(6) == 0xff || back(7) == 0xff || back(5) == 0xff;
}

class Dissector {
 public:
  Dissector(vm::Inspector &guest, const kernel::KernelImage &kernel, const Layout &layout)
      : memory_(guest), kernel_(kernel), at_(layout) {}

  void read_modules();
  CpuSeen look_at(const vm::CpuRegisters &registers);
  void look_at_tasks(judge::Dissection &found);

 private:
  struct Module {
    std::string name;
    kernel::SymbolTable symbols;
  };
  struct Place {
    std::string text;  ///< "function+0x1c/0x40 [module]"
    bool in_module = false;
  };
  struct Stack {
    std::vector<std::string> frames;
    bool in_module = false;  ///< one of the frames is
  };
  std::optional<Place> place(std::uint64_t address, bool returns) const;
  bool is_return_address(std::uint64_t address);
  Stack stack_at(std::uint64_t sp);
  TaskSeen task_at(std::uint64_t task);
  std::vector<judge::LockWait> locks_of(std::uint64_t task, int pid);
  bool waits_for(std::uint64_t mutex, std::uint64_t stack);

  GuestMemory memory_;
  const kernel::KernelImage &kernel_;
  const Layout at_;
  std::vector<Module> modules_;
  std::set<std::uint64_t> tasks_;
};

void Dissector::read_modules() {
  const auto head = kernel_.symbols().address_of("modules");
  if (!head) return;
  auto next = memory_.word(*head);
  for (std::size_t i = 0; i < kMostModules && next && *next != *head; ++i, next = memory_.word(*next)) {
    const std::uint64_t module = *next - at_.module_list;
    const auto table = memory_.word(module + at_.module_symbols);
    if (!table) continue;
    const auto symtab = memory_.word(*table + at_.symtab), strtab = memory_.word(*table + at_.strtab);
    const auto count = memory_.half(*table + at_.symbols);
    if (!symtab || !strtab || !count || *count > kMostModuleSymbols) continue;
    std::vector<kernel::Symbol> symbols, ends;
    constexpr std::size_t kEntry = 24;  // Elf64_Sym: name u32, info u8, other u8, section u16, value u64, size u64
    for (std::uint32_t symbol = 0; symbol < *count; ++symbol) {
      const std::uint64_t entry = *symtab + symbol * kEntry;
      const auto name = memory_.half(entry), info = memory_.half(entry + 4);
      const auto value = memory_.word(entry + 8), size = memory_.word(entry + 16);
      constexpr std::uint32_t kFunction = 2;
      if (!name || !info || !value || !size || (*info & 0xf) != kFunction || *info >> 16 == 0 || *size == 0) continue;
      symbols.push_back({.address = *value, .type = 't', .name = memory_.text(*strtab + *name, 256)});
      ends.push_back({.address = *value + *size});
    }
    // Appended, so that the beginning of a function precedes the end of the one before.
    symbols.insert(symbols.end(), ends.begin(), ends.end());
    modules_.push_back({memory_.text(module + at_.module_name, 64), kernel::SymbolTable(std::move(symbols))});
  }
}

/// Returns the place of an address. `returns`: a call returns to it, so it can be after the end of a function whose
/// last instruction is a call.
std::optional<Dissector::Place> Dissector::place(std::uint64_t address, bool returns) const {
  const std::uint64_t inside = returns ? address - 1 : address;
  const auto words = [&](kernel::CodePlace found) {
    found.offset += address - inside;
    return found.str();
  };
  for (const Module &module : modules_) {
    if (const auto found = module.symbols.place_of(inside)) {
      return Place{.text = words(*found) + " [" + module.name + "]", .in_module = true};
    }
  }
  if (kernel_.code_at(inside, 1).empty()) return std::nullopt;
  if (const auto found = kernel_.symbols().place_of(inside)) return Place{.text = words(*found)};
  return std::nullopt;
}

bool Dissector::is_return_address(std::uint64_t address) {
  const std::string_view code = kernel_.code_at(address - kCallBytes, kCallBytes);
  if (!code.empty()) return ends_with_call(code);
  if (!place(address, true)) return false;
  const auto bytes = memory_.bytes(address - kCallBytes, kCallBytes);
  return bytes && ends_with_call(*bytes);
}

Dissector::Stack Dissector::stack_at(std::uint64_t sp) {
  Stack found;
  const std::uint64_t end = (sp / kStackBytes + 1) * kStackBytes;
  for (std::uint64_t at = (sp + 7) / 8 * 8; at < end && found.frames.size() < kMostFrames; at += 8) {
    const auto word = memory_.word(at);
    if (!word) break;
    if (!is_return_address(*word)) continue;
    const auto where = place(*word, true);
    if (!where) continue;
    found.frames.push_back("? " + where->text);
    found.in_module = found.in_module || where->in_module;
  }
  return found;
}

TaskSeen Dissector::task_at(std::uint64_t task) {
  TaskSeen seen;
  seen.pid = static_cast<int>(memory_.half(task + at_.pid).value_or(0));
  seen.name = memory_.text(task + at_.comm, 16);
  seen.state = state_letter(memory_.half(task + at_.state).value_or(0x8000));
  return seen;
}

CpuSeen Dissector::look_at(const vm::CpuRegisters &registers) {
  CpuSeen seen;
  seen.cpu = registers.cpu;
  seen.in_kernel = registers.in_kernel();
  seen.halted = registers.halted;
  seen.takes_interrupts = registers.takes_interrupts();
  seen.registers = registers.text;
  std::uint64_t stack = 0;
  const auto offsets = kernel_.symbols().address_of("__per_cpu_offset");
  const auto variable = current_task_variable(kernel_);
  if (offsets && variable) {
    const auto base = memory_.word(*offsets + static_cast<std::uint64_t>(registers.cpu) * 8);
    const auto task = base ? memory_.word(*base + *variable) : std::nullopt;
    if (task) {
      seen.task = task_at(*task);
      stack = memory_.word(*task + at_.stack).value_or(0);
    }
  }
  if (!registers.in_kernel()) return seen;
  if (auto here = place(registers.rip, false)) {
    seen.task.frames.push_back(here->text);
  } else {
    seen.task.frames.push_back(fmt::format("{:#x}", registers.rip));
  }
  auto more = stack_at(registers.rsp).frames;
  seen.task.frames.insert(seen.task.frames.end(), more.begin(), more.end());
  if (stack != 0 && registers.rsp / kStackBytes != stack / kStackBytes) {
    // It is on the stack for interrupts, whose first word has the task's stack pointer.
    const auto before = memory_.word((registers.rsp / kStackBytes + 1) * kStackBytes - 8);
    if (before && *before / kStackBytes == stack / kStackBytes) {
      more = stack_at(*before).frames;
      seen.task.frames.insert(seen.task.frames.end(), more.begin(), more.end());
    }
  }
  return seen;
}

bool Dissector::waits_for(std::uint64_t mutex, std::uint64_t stack) {
  const std::uint64_t head = mutex + at_.waiters;
  const auto first = memory_.word(head);
  auto waiter = first;
  for (int i = 0; i < kMostWaiters && waiter && *waiter != head; ++i) {
    if (*waiter / kStackBytes == stack / kStackBytes) return true;
    waiter = memory_.word(*waiter);
    if (waiter == first) return false;  // since 7.0 the mutex has no part in the ring
  }
  return false;
}

/// Finds the mutexes that a task waits for. A waiter is queued at its mutex with a record on its own stack, so a word
/// on the stack that is the address of a mutex whose queue leads back to this stack is the one that it waits for.
std::vector<judge::LockWait> Dissector::locks_of(std::uint64_t task, int pid) {
  constexpr std::uint64_t kFlags = 7;  // of an owner
  const auto stack = memory_.word(task + at_.stack), sp = memory_.word(task + at_.sp);
  if (!stack || !sp || *sp / kStackBytes != *stack / kStackBytes) return {};
  std::set<std::uint64_t> tried;
  for (std::uint64_t at = *sp; at < *stack + kStackBytes; at += 8) {
    const auto mutex = memory_.word(at);
    if (!mutex || *mutex / kStackBytes == *stack / kStackBytes || !tried.insert(*mutex).second) continue;
    const auto owner = memory_.word(*mutex + at_.owner);
    if (!owner || tasks_.count(*owner & ~kFlags) == 0 || !waits_for(*mutex, *stack)) continue;
    return {judge::LockWait{.pid = pid, .owner = task_at(*owner & ~kFlags).pid, .mutex = *mutex}};
  }
  return {};
}

void Dissector::look_at_tasks(judge::Dissection &found) {
  const auto first = kernel_.symbols().address_of("init_task");
  if (!first) return;
  auto next = memory_.word(*first + at_.tasks);
  for (std::size_t i = 0; i < kMostTasks && next && *next != *first + at_.tasks; ++i, next = memory_.word(*next)) {
    tasks_.insert(*next - at_.tasks);
  }
  for (const std::uint64_t task : tasks_) {
    TaskSeen seen = task_at(task);
    if (seen.state == 'R' || seen.state == 'I') continue;
    Stack stack;
    if (const auto sp = memory_.word(task + at_.sp)) stack = stack_at(*sp);
    seen.frames = std::move(stack.frames);
    if (seen.state == 'D') {
      for (const auto &wait : locks_of(task, seen.pid)) found.locks.push_back(wait);
    }
    if (seen.state == 'D' || stack.in_module) found.tasks.push_back(std::move(seen));
  }
  std::sort(found.tasks.begin(), found.tasks.end(),
            [](const TaskSeen &left, const TaskSeen &right) { return left.pid < right.pid; });
  std::sort(found.locks.begin(), found.locks.end(),
            [](const judge::LockWait &left, const judge::LockWait &right) { return left.pid < right.pid; });
}

}  // namespace

judge::Dissection dissect(vm::Inspector &guest, const kernel::KernelImage &kernel) {
  judge::Dissection found;
  try {
    const auto cpus = guest.registers();
    const auto layout = layout_of(kernel.layouts());
    if (!layout || kernel.symbols().empty()) {
      for (const auto &registers : cpus) {
        found.cpus.push_back({.cpu = registers.cpu,
                              .in_kernel = registers.in_kernel(),
                              .halted = registers.halted,
                              .takes_interrupts = registers.takes_interrupts(),
                              .registers = registers.text});
      }
      found.problem = "the kernel's file lacks the names of its functions and the layout of its structs";
      return found;
    }
    Dissector dissector(guest, kernel, *layout);
    dissector.read_modules();
    for (const auto &registers : cpus) found.cpus.push_back(dissector.look_at(registers));
    dissector.look_at_tasks(found);
  } catch (const base::Error &error) {
    found.problem = error.what();
  }
  return found;
}

}  // namespace kmodtest::run
