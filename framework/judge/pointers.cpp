// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/pointers.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "judge/always.hpp"
#include "shared/pattern.hpp"
#include "text/module_name.hpp"

/// Judges the words that still point to where a module was. Only what the kernel would use is an accusation.
namespace kmodtest::judge {
namespace {

/// Where words of a healthy module stay, too. `name`: a glob.
struct Harmless {
  Holder holder;
  std::string_view name;
};
constexpr Harmless kHarmless[] = {
    // The bounds of all modules' addresses (kernel: kernel/module/main.c).
    {Holder::variable, "mod_tree"},
    {Holder::variable, "module_addr_m??"},
    // Where the loader sorted the table for stack traces, and the registers of the last oops (kernel:
    // arch/x86/kernel/unwind_orc.c, dumpstack.c).
    {Holder::variable, "cur_orc_*table"},
    {Holder::variable, "exec_summary_regs"},
    // Stacks: those of each CPU for interrupts and exceptions, and that of the first idle thread. What a function has
    // left there is written over, never used (kernel: arch/x86/kernel/irq_64.c, mm/cpu_entry_area.c).
    {Holder::per_cpu_variable, "irq_stack_backing_store"},
    {Holder::per_cpu_variable, "exception_stacks"},
    {Holder::per_cpu_variable, "entry_stack_storage"},
    {Holder::variable, "init_stack"},
    {Holder::variable, "init_thread_union"},
    {Holder::variable, "__start_init_*"},
    // Not used by the kernel, which has given it back as free memory (kernel: arch/x86/mm/mem_encrypt_amd.c).
    {Holder::variable, "__start_bss_decrypted_unused"},
    // Stacks that the kernel's checks keep: where locks were used and objects were allocated (kernel:
    // kernel/locking/lockdep.c, mm/kmemleak.c).
    {Holder::variable, "stack_trace"},
    {Holder::object, "kmemleak_object"},
    // The list of free and used addresses (kernel: mm/vmalloc.c).
    {Holder::object, "vmap_area"},
    // Entries of /sys and /proc and the files that were opened there. Those that are there are compared by name; what
    // was removed stays in memory as long as its name is cached, and is not called any more (kernel:
    // fs/kernfs/dir.c, fs/proc/inode.c).
    {Holder::object, "kernfs_node_cache"},
    {Holder::object, "proc_dir_entry"},
    {Holder::object, "dentry"},
    {Holder::object, "*inode_cache"},
};

/// A variable of the kernel in which a registration stays, and the call that takes it back.
struct Registry {
  std::string_view variable;
  std::string_view undo;
};
constexpr Registry kRegistries[] = {
    {"file_systems", "unregister_filesystem"},
    {"formats", "unregister_binfmt"},
    {"netdev_chain", "unregister_netdevice_notifier"},
    {"panic_notifier_list", "atomic_notifier_chain_unregister"},
    {"reboot_notifier_list", "unregister_reboot_notifier"},
    {"module_notify_list", "unregister_module_notifier"},
    {"die_chain", "unregister_die_notifier"},
    {"ptype_base", "dev_remove_pack"},
    {"ptype_all", "dev_remove_pack"},
    {"inet_protos", "inet_del_protocol"},
    {"crypto_alg_list", "crypto_unregister_alg"},
    {"kprobe_table", "unregister_kprobe"},
    {"link_ops", "rtnl_link_unregister"},
    {"key_types_list", "unregister_key_type"},
    {"cpuhp_hp_states", "cpuhp_remove_state"},
    {"tty_ldiscs", "tty_unregister_ldisc"},
    {"tty_drivers", "tty_unregister_driver"},
    {"console_drivers", "unregister_console"},
    {"console_list", "unregister_console"},
    {"misc_list", "misc_deregister"},
    {"irq_desc_tree", "free_irq"},
    {"inetaddr_chain", "unregister_inetaddr_notifier"},
    {"inet6addr_chain", "unregister_inet6addr_notifier"},
    {"netevent_notif_chain", "unregister_netevent_notifier"},
    {"oom_notify_list", "unregister_oom_notifier"},
    {"pm_chain_head", "unregister_pm_notifier"},
    {"shrinker_list", "unregister_shrinker"},
    {"syscore_ops_list", "unregister_syscore_ops"},
    {"sysrq_key_table", "unregister_sysrq_key"},
    {"tcp_cong_list", "tcp_unregister_congestion_control"},
    {"qdisc_base", "unregister_qdisc"},
    {"net_families", "sock_unregister"},
    {"proto_list", "proto_unregister"},
    {"pernet_list", "unregister_pernet_subsys"},
    {"percpu_counters", "percpu_counter_destroy"},
};

const Registry *registry_of(const PointerLeft &pointer) {
  const auto known = std::find_if(std::begin(kRegistries), std::end(kRegistries),
                                  [&](const Registry &one) { return one.variable == pointer.name; });
  return known == std::end(kRegistries) ? nullptr : &*known;
}

/// Returns whether `one` tells more: the kernel's own data, and the head of a list rather than the entry next to it.
bool tells_more(const PointerLeft &one, const PointerLeft &other) {
  if (one.holder != other.holder) return one.holder < other.holder;
  return registry_of(one) != nullptr && registry_of(other) == nullptr;
}

std::string at(const PointerLeft &pointer) {
  // Whether the first or the last entry of a list is left is the same to a reader.
  const bool is_list_head = registry_of(pointer) != nullptr && pointer.offset == sizeof(std::uint64_t);
  return pointer.offset == 0 || is_list_head ? pointer.name : fmt::format("{}+{:#x}", pointer.name, pointer.offset);
}

std::string words_of(const PointerLeft &pointer) {
  return holder_of(pointer) + " still points to " + target_of(pointer);
}

std::string hint_of(const CaseView &view, const PointerLeft &pointer) {
  const auto &open = view.seen.open_calls;
  if (const auto call = open.find(pointer.module); call != open.end()) return kernel::words(call->second);
  if (const Registry *known = registry_of(pointer)) {
    return fmt::format("the exit function has to call {}()", known->undo);
  }
  // The list of file systems has no head: each points to the next one.
  if (pointer.holder == Holder::variable && pointer.name.ends_with("_fs_type"))
    return "the exit function has to call unregister_filesystem()";
  return "the exit function has to take back what was registered";
}

}  // namespace

std::string holder_of(const PointerLeft &pointer) {
  const auto object = [&](std::string_view kind) {
    return fmt::format("{} of {} (at {:#x})", kind, pointer.name, pointer.offset);
  };
  switch (pointer.holder) {
    case Holder::variable:
      return at(pointer) + " (kernel data)";
    case Holder::per_cpu_variable:
      return at(pointer) + " (kernel data of each CPU)";
    case Holder::object:
      return object("an allocated object");
    case Holder::uncleared_object:
      return object("an allocated object, not cleared before,");
    case Holder::freed_object:
      return object("a freed object");
    case Holder::unknown:
      break;
  }
  return fmt::format("memory at {:#x}", pointer.address);
}

std::string target_of(const PointerLeft &pointer) {
  const std::string place =
      pointer.target.empty()
          ? fmt::format("{}{:#x}", pointer.section.empty() ? "" : pointer.section + "+", pointer.value - pointer.base)
          : pointer.target;
  return fmt::format("{} [{}]", place, pointer.module);
}

bool is_left_registered(const PointerLeft &pointer) {
  if (pointer.holder > Holder::object) return false;
  return std::none_of(std::begin(kHarmless), std::end(kHarmless), [&](const Harmless &one) {
    return one.holder == pointer.holder && shared::glob_matches(std::string(one.name), pointer.name);
  });
}

std::vector<Finding> check_pointers(const CaseView &view) {
  const plan::Checks &checks = view.test_case.checks;
  if (!checks.leftovers) return {};
  std::vector<PointerLeft> left;
  for (const PointerLeft &pointer : view.seen.pointers.found) {
    if (is_left_registered(pointer) && !any_matches(checks.allow, "pointer:" + pointer.name)) left.push_back(pointer);
  }
  if (left.empty()) return {};
  std::stable_sort(left.begin(), left.end(), tells_more);
  const PointerLeft &first = left.front();
  Finding finding{.outcome = Outcome::leaked};
  for (std::size_t i = 0; i < view.guest_index.size(); ++i) {
    const auto &guest = view.test_case.steps[i].guest;
    if (guest && std::holds_alternative<wire::Unload>(guest->body)) finding.evidence = evidence_of(view, i);
  }
  finding.evidence.summary = words_of(first);
  finding.evidence.expected = "nothing in the kernel's memory that points to an unloaded module";
  std::set<std::string> said;
  for (const PointerLeft &pointer : left) {
    const std::string words = words_of(pointer);
    if (said.insert(words).second) finding.evidence.seen += (finding.evidence.seen.empty() ? "" : "\n") + words;
  }
  finding.evidence.hint = hint_of(view, first);
  finding.evidence.permission = {.kind = Permission::Kind::object, .name = "pointer:" + first.name};
  return {finding};
}

}  // namespace kmodtest::judge
