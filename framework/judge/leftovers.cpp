// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "judge/always.hpp"
#include "judge/makers.hpp"
#include "shared/pattern.hpp"
#include "shared/procfs.hpp"
#include "shared/resources.hpp"
#include "text/module_name.hpp"

/// Finds what is left after an unload.
namespace kmodtest::judge {
namespace {

/// An object that is left.
struct Leftover {
  std::string what;  ///< "interrupt 5 of 'ex'"
  std::string name;  ///< its name in `checks: {allow: …}`: "interrupt:ex"
};

/// Objects of one kind: one finding.
struct LeftoverKind {
  std::string_view plural;  ///< "no … that was not there before the load"
  std::string_view undo;    ///< the task of the exit function
};
constexpr LeftoverKind kThreads{"thread", "stop it (kthread_stop)"};
constexpr LeftoverKind kWorkqueues{"workqueue", "destroy it (destroy_workqueue)"};
constexpr LeftoverKind kInterrupts{"interrupt handler", "free it (free_irq)"};
constexpr LeftoverKind kTimers{"armed timer",
                               "stop it (del_timer_sync, timer_delete_sync, hrtimer_cancel, cancel_delayed_work_sync)"};
constexpr LeftoverKind kCaches{"slab cache", "destroy it (kmem_cache_destroy)"};
constexpr LeftoverKind kMajors{"major number",
                               "give it back (unregister_chrdev_region, unregister_chrdev, unregister_blkdev)"};
constexpr LeftoverKind kVmalloc{"area of vmalloc", "free it (vfree)"};
constexpr LeftoverKind kUses{"use of another module",
                             "give back what it took (module_put, or what took the reference)"};

/// The maker of an entry, by its path; the first match counts.
struct EntryMaker {
  std::string_view prefix;
  std::string_view undo;
};
constexpr EntryMaker kEntryMakers[] = {
    {"/sys/kernel/debug/", "remove it (debugfs_remove)"},
    {"/proc/sys/", "unregister it (unregister_sysctl_table)"},
    {"/proc/", "remove it (remove_proc_entry, proc_remove)"},
    {"/dev/", "remove its device (device_destroy, misc_deregister)"},
    {"/sys/class/", "remove it (device_destroy, class_destroy)"},
    {"/sys/bus/", "unregister it (driver_unregister, bus_unregister)"},
    {"", "remove it"},
};

/// Files that the kernel itself makes for each interrupt (kernel: kernel/irq/proc.c).
constexpr std::array<std::string_view, 8> kInterruptFiles = {
    "smp_affinity",       "smp_affinity_list",       "affinity_hint", "node",
    "effective_affinity", "effective_affinity_list", "spurious",      "actions"};

/// Returns the text after the prefix, if it is a single name.
std::optional<std::string> name_below(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (path.empty() || path.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(path);
}

/// Parses "/proc/irq/5/ex": interrupt 5, requested by the name of ex.
std::optional<Leftover> interrupt_of(std::string_view path) {
  constexpr std::string_view kFolder = "/proc/irq/";
  if (!path.starts_with(kFolder)) return std::nullopt;
  path.remove_prefix(kFolder.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view name = path.substr(slash + 1);
  if (std::find(kInterruptFiles.begin(), kInterruptFiles.end(), name) != kInterruptFiles.end()) return std::nullopt;
  return Leftover{.what = fmt::format("interrupt {} of '{}'", path.substr(0, slash), name),
                  .name = fmt::format("interrupt:{}", name)};
}

/// Returns the module under test in whose memory the address was, as far as it was listed.
std::string listed_owner_of(const CaseView &view, std::uint64_t address) {
  for (const auto &message : view.seen.messages) {
    const auto *loaded = std::get_if<wire::Loaded>(&message);
    if (loaded == nullptr || !loaded->record) continue;
    const auto &module = *loaded->record;
    if (address >= module.address && address < module.address + module.size) return module.name;
  }
  return {};
}

/// Returns listed_owner_of(), and for other addresses the only module under test: memory that exists only while a
/// module is initialised is elsewhere, and so is its data since 6.4.
std::string owner_of(const CaseView &view, std::uint64_t address) {
  std::string owner = listed_owner_of(view, address);
  if (!owner.empty()) return owner;
  const auto under_test = module_names(view.test_case);
  return under_test.size() == 1 && address >= shared::kModuleArea ? under_test.front() : std::string();
}

std::string place_of(const CaseView &view, std::uint64_t address) {
  const std::string owner = owner_of(view, address);
  return owner.empty() ? fmt::format("{:#x}", address) : fmt::format("'{}'", owner);
}

/// Collects the findings of one case: what is left after several unloads is reported once.
class Leftovers {
 public:
  explicit Leftovers(const CaseView &view) : view_(view), checks_(view.test_case.checks) {}

  void add(const UnloadView &unload) {
    after_ = unload.after;
    before_ = unload.before;
    if (add_modules()) return;  // everything else that is left belongs to them
    add_threads();
    add_timers();
    add_entries();
    add_majors();
    add_vmalloc();
    add_uses();
  }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  bool allows(const std::string &name) const { return any_matches(checks_.allow, name); }

  /// `undo`: the task of the exit function; empty: no hint.
  void report(std::string summary, std::string expected, std::string seen, std::string_view undo,
              Permission permission) {
    const bool known = std::any_of(findings_.begin(), findings_.end(),
                                   [&](const Finding &finding) { return finding.evidence.summary == summary; });
    if (known) return;
    Finding finding{.outcome = Outcome::leaked};
    for (std::size_t i = 0; i < view_.guest_index.size(); ++i) {
      if (view_.guest_index[i] != after_->step) continue;
      finding.evidence = evidence_of(view_, i);
      break;
    }
    finding.evidence.summary = std::move(summary);
    finding.evidence.expected = std::move(expected);
    finding.evidence.seen = std::move(seen);
    if (!undo.empty()) finding.evidence.hint = fmt::format("the exit function has to {}", undo);
    finding.evidence.permission = std::move(permission);
    findings_.push_back(std::move(finding));
  }

  void report(const LeftoverKind &kind, const std::vector<Leftover> &left, std::string seen = {}) {
    if (left.empty()) return;
    if (seen.empty()) {
      for (std::size_t i = 0, same = 0; i < left.size(); i += same) {
        same = 1;
        while (i + same < left.size() && left[i + same].what == left[i].what) ++same;
        seen += (seen.empty() ? "" : "\n") + left[i].what + (same > 1 ? fmt::format(" ({} of these)", same) : "");
      }
    }
    report(left.front().what + " is left after the unload",
           fmt::format("no {} that was not there before the load", kind.plural), std::move(seen), kind.undo,
           {.kind = Permission::Kind::object, .name = left.front().name});
  }

  bool add_modules() {
    const auto under_test = module_names(view_.test_case);
    std::vector<wire::ModuleRecord> modules;
    bool stays = false;
    for (const auto &module : after_->inventory.modules) {
      if (std::find(under_test.begin(), under_test.end(), module.name) == under_test.end()) continue;
      if (is_permanent(module.name)) {
        stays = true;
      } else {
        modules.push_back(module);
      }
    }
    if (modules.empty()) return stays;
    report(fmt::format("module '{}' is still loaded at the end", modules.front().name),
           "no module under test is loaded", shared::render_lsmod(modules), {}, {});
    return true;
  }

  bool is_permanent(const std::string &name) const {
    const auto &files = view_.seen.modules;
    return std::any_of(files.begin(), files.end(), [&](const kernel::ModuleInfo &file) {
      return text::lsmod_name(file.name) == name && file.is_permanent();
    });
  }

  void add_threads() {
    constexpr std::string_view kRescuer = "kworker/R-";
    std::vector<wire::ThreadRecord> threads;
    std::vector<wire::ThreadRecord> rescuers;
    std::vector<Leftover> queues;
    for (const auto &thread : after_->inventory.threads) {
      const std::string &name = thread.full_name.empty() ? thread.name : thread.full_name;
      const bool rescuer = name.starts_with(kRescuer) || thread.waits_in == "rescuer_thread";
      if (!rescuer && name.starts_with("kworker/")) continue;
      // Its maker has not named it yet: the kernel makes a worker just now. A module's thread gets its name at once.
      if (name == "kthreadd") continue;
      if (any_matches(checks_.allow_threads, name) || allows("thread:" + name)) continue;
      if (!rescuer) {
        if (can_have_made_thread(view_.seen.modules, thread)) threads.push_back(thread);
        continue;
      }
      const std::string queue = name.starts_with(kRescuer) ? name.substr(kRescuer.size()) : name;
      if (allows("workqueue:" + queue) || !can_have_made_workqueue(view_.seen.modules, queue)) continue;
      rescuers.push_back(thread);
      queues.push_back({.what = fmt::format("workqueue '{}'", queue), .name = "workqueue:" + queue});
    }
    if (!threads.empty()) {
      const auto &first = threads.front();
      report(fmt::format("thread '{}' (pid {}) is left after the unload",
                         first.full_name.empty() ? first.name : first.full_name, first.pid),
             fmt::format("no {} that was not there before the load", kThreads.plural), shared::render_ps(threads),
             kThreads.undo, {.kind = Permission::Kind::thread});
    }
    report(kWorkqueues, queues, "the threads of their rescuers:\n" + shared::render_ps(rescuers));
  }

  void add_timers() {
    std::vector<Leftover> left;
    for (const auto &timer : after_->inventory.timers) {
      const std::uint64_t place = timer.function != 0 ? timer.function : timer.address;
      // If the kernel still has the timer's module, the timer belongs to that module.
      const bool others = !view_.test_case.kernel_modules.empty();
      if (timer.function == 0 && others && listed_owner_of(view_, place).empty()) continue;
      const std::string owner = owner_of(view_, place);
      const std::string name = "timer:" + (owner.empty() ? fmt::format("{:#x}", place) : owner);
      if (allows(name)) continue;
      const std::string kind = timer.high_resolution ? "hrtimer" : "timer";
      const std::string where = timer.function != 0
                                    ? fmt::format("with its function in {}", place_of(view_, place))
                                    : fmt::format("for {} in the memory of {}", timer.symbol, place_of(view_, place));
      left.push_back({.what = fmt::format("an armed {} {}", kind, where), .name = name});
    }
    report(kTimers, left);
  }

  void add_entries() {
    std::vector<Leftover> caches;
    std::vector<Leftover> interrupts;
    std::vector<Leftover> queues;
    std::vector<std::string> others;
    for (const auto &path : after_->inventory.new_entries) {
      if (any_matches(checks_.allow_entries, path) || allows("entry:" + path) || is_of_requested(path)) continue;
      if (const auto cache = name_below(path, "/sys/kernel/slab/")) {
        if (allows("cache:" + *cache) || !can_have_made_cache(view_.seen.modules, *cache)) continue;
        caches.push_back({.what = fmt::format("slab cache '{}'", *cache), .name = "cache:" + *cache});
      } else if (auto interrupt = interrupt_of(path)) {
        if (!allows(interrupt->name)) interrupts.push_back(std::move(*interrupt));
      } else if (const auto queue = name_below(path, "/sys/devices/virtual/workqueue/")) {
        const std::string name = "workqueue:" + *queue;
        if (!allows(name)) queues.push_back({.what = fmt::format("workqueue '{}'", *queue), .name = name});
      } else {
        others.push_back(path);
      }
    }
    report(kInterrupts, interrupts);
    report(kCaches, caches);
    report(kWorkqueues, queues);
    if (others.empty()) return;
    const auto maker = std::find_if(std::begin(kEntryMakers), std::end(kEntryMakers),
                                    [&](const EntryMaker &one) { return others.front().starts_with(one.prefix); });
    report(others.front() + " is left after the unload", "no entry that was not there before the load",
           fmt::format("{}", fmt::join(others, "\n")), join_hints(std::string(maker->undo), missing_calls()),
           {.kind = Permission::Kind::entry});
  }

  /// Returns "video_unregister_device() is missing: …" for the modules under test that lack such a call.
  std::string missing_calls() const {
    std::string calls;
    for (const auto &[module, call] : view_.seen.open_calls) calls = join_hints(calls, kernel::words(call));
    return calls;
  }

  /// Returns true for the folder of a module that was requested and cannot be unloaded: add_uses() judges it.
  bool is_of_requested(std::string_view path) const {
    constexpr std::string_view kFolder = "/sys/module/";
    if (!path.starts_with(kFolder)) return false;
    path.remove_prefix(kFolder.size());
    const auto &modules = after_->inventory.modules;
    return std::any_of(modules.begin(), modules.end(), [&](const wire::ModuleRecord &module) {
      return path == module.name || path.starts_with(module.name + '/');
    });
  }

  void add_majors() {
    std::vector<Leftover> left;
    for (const auto &major : after_->inventory.majors) {
      const std::string name = "device:" + major.name;
      if (allows(name)) continue;
      left.push_back({.what = fmt::format("{} device number {} of '{}'", major.block ? "block" : "character",
                                          major.major, major.name),
                      .name = name});
    }
    report(kMajors, left);
  }

  void add_vmalloc() {
    std::vector<Leftover> left;
    for (const auto &area : after_->inventory.vmalloc) {
      const std::string owner = owner_of(view_, area.caller);
      const std::string name = "vmalloc:" + (owner.empty() ? fmt::format("{:#x}", area.caller) : owner);
      if (allows(name)) continue;
      constexpr std::uint64_t kGuardPage = 4096;
      left.push_back({.what = fmt::format("an area of vmalloc of {} bytes for {}",
                                          area.size > kGuardPage ? area.size - kGuardPage : area.size,
                                          place_of(view_, area.caller)),
                      .name = name});
    }
    report(kVmalloc, left);
  }

  /// Adds modules whose use count has increased. Another module that uses one can have taken the reference, once and
  /// for all, when it was first called (kernel: drivers/mtd/mtdcore.c, register_mtd_user()): then only a later round
  /// tells.
  void add_uses() {
    if (before_ == nullptr) return;
    const auto &before = before_->inventory.modules;
    for (const auto &module : after_->inventory.modules) {
      const auto known = std::find_if(before.begin(), before.end(),
                                      [&](const wire::ModuleRecord &one) { return one.name == module.name; });
      // One that was not there was requested. If another module uses it, only that one can be the culprit's.
      const std::int32_t users_before =
          known != before.end() ? known->users : static_cast<std::int32_t>(module.used_by.size());
      if (module.users <= users_before || allows("module:" + module.name)) continue;
      const std::int32_t after_first = users_after_first_.try_emplace(module.name, module.users).first->second;
      if (!module.used_by.empty() && module.users <= after_first) continue;
      report(fmt::format("a reference to module '{}' is left after the unload", module.name),
             known != before.end() ? fmt::format("a use count of {}, as before the load", users_before)
                                   : "a module that was requested is not in use any more",
             fmt::format("a use count of {}", module.users), kUses.undo,
             {.kind = Permission::Kind::object, .name = "module:" + module.name});
    }
  }

  const CaseView &view_;
  const plan::Checks &checks_;
  const wire::AfterUnload *after_ = nullptr;
  const wire::Baseline *before_ = nullptr;
  std::map<std::string, std::int32_t> users_after_first_;  ///< use counts after the unload that first increased them
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_leftovers(const CaseView &view) {
  if (!view.test_case.checks.leftovers) return {};
  Leftovers leftovers(view);
  for (const UnloadView &unload : view.after_unload) leftovers.add(unload);
  return leftovers.take();
}

}  // namespace kmodtest::judge
