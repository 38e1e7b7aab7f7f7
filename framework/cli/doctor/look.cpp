// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <pwd.h>
#include <unistd.h>

#include "base/asio.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/task.hpp"
#include "cli/cache_contents.hpp"
#include "cli/doctor/machine.hpp"
#include "kernel/boot/initramfs.hpp"
#include "kernel/boot/vmlinux.hpp"
#include "kernel/catalogue/mirror.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/module.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/prepare/prepare.hpp"
#include "run/select/schedule.hpp"
#include "storage/cache_folder.hpp"
#include "text/size.hpp"
#include "vm/emulator.hpp"
#include "vm/guest.hpp"
#include "vm/run_root.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::cli {

namespace {

namespace fs = std::filesystem;
namespace asio = base::asio;

/// Returns the result of `look`, or its error.
template <class Function>
Look try_to(Function &&look) {
  try {
    return {.value = look()};
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &error) {
    return {.problem = error.what(), .hint = error.hint(), .code = error.code()};
  } catch (const std::exception &error) {
    return {.problem = error.what()};
  }
}

std::optional<std::uint64_t> free_bytes(const fs::path &folder) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) return std::nullopt;
  return space.available;
}

bool cpu_has_virtualisation() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    const std::string padded = line + " ";
    return padded.find(" vmx ") != std::string::npos || padded.find(" svm ") != std::string::npos;
  }
  return false;
}

std::string name_of_user() {
  const passwd *user = ::getpwuid(::geteuid());
  return user != nullptr ? user->pw_name : std::to_string(::geteuid());
}

/// Returns what a run would find out about KVM with this kernel, which is in the cache.
vm::KvmAnswer kvm_answer(run::GuestPool &pool, const kernel::Kernel &kernel) {
  const fs::path &cache = pool.options().cache;
  const run::BootFiles files{.image = kernel::bootable_image_for(kernel, cache),
                             .initramfs = kernel::initramfs_for(kernel, cache)};
  vm::GuestSpec spec = run::guest_spec(plan::GuestShape{}, kernel, files);
  return base::run_until_done(pool.io(), pool.kvm_answer(std::move(spec), kernel));
}

void look_at_kernels(Machine &machine, const fs::path &cache, std::optional<kernel::Kernel> &usual) {
  std::vector<kernel::CatalogueEntry> catalogue;
  machine.catalogue = try_to([&] {
    const fs::path file = storage::data_folder() / "kernels.yaml";
    catalogue = kernel::read_catalogue(file);
    return file.string();
  });
  if (!machine.catalogue.ok()) return;
  const kernel::KernelStore store(catalogue, cache, base::ignored_notices());
  std::optional<kernel::Mirrors> mirrors;
  try_to([&] {
    mirrors.emplace();
    return std::string();
  });
  for (const kernel::CatalogueEntry &entry : catalogue) {
    KernelSeen seen{.name = entry.name, .is_default = entry.is_default};
    const Look cached = try_to([&] {
      const auto kernel = cache.empty() ? std::nullopt : store.cached(entry.name);
      if (kernel && entry.is_default) usual = kernel;
      return kernel ? kernel->release : std::string();
    });
    seen.cached_release = cached.value;
    if (entry.is_built() && seen.cached_release.empty()) continue;
    seen.has_mirror = mirrors && !try_to([&] { return mirrors->of(entry.suite); }).value.empty();
    machine.kernels.push_back(std::move(seen));
  }
}

void look_at_virtualisation(Machine &machine, const fs::path &cache, const std::optional<kernel::Kernel> &usual) {
  machine.kvm_device = vm::kvm_device_error();
  machine.has_cpu_virtualisation = cpu_has_virtualisation();
  machine.user = name_of_user();
  machine.needs_backports = kernel::this_distribution().codename == "bookworm";
  if (const auto user = vm::unprivileged_user()) machine.qemu_user = user->name;
  machine.qemu = try_to([] { return vm::qemu_version(vm::qemu_path()); });
  if (!machine.qemu.ok()) {
    machine.libvirt = {.value = "not checked: QEMU is not installed"};
    machine.kvm_not_probed = "QEMU is not installed";
    return;
  }
  run::GuestPool pool({.cache = cache, .snapshots = false},
                      [&cache](asio::io_context &io) { return vm::open_hypervisor(io, {.cache = cache}); });
  machine.libvirt = try_to([&] {
    machine.slow_restores = pool.hypervisor().why_memory_is_not_apart();
    std::string name = pool.hypervisor().connection();
    if (machine.kvm_device || cache.empty()) return name;
    machine.kvm = vm::read_kvm_answer(vm::kvm_answer_file(cache, pool.hypervisor().qemu_version()));
    if (!machine.kvm && usual) machine.kvm = kvm_answer(pool, *usual);
    if (!machine.kvm) machine.kvm_not_probed = "the default kernel is not in the cache yet";
    return name;
  });
  if (!machine.libvirt.ok()) machine.kvm_not_probed = "libvirt cannot be opened";
}

}  // namespace

Machine look_at_this_machine() {
  Machine machine;
  machine.parts = try_to([] {
    const fs::path wrapper = vm::emulator_wrapper();
    vm::main_loop_gate_library();
    storage::find_data_file("kmodtest-agent");
    return "all parts found in " + wrapper.parent_path().string();
  });
  for (const std::string &program : asked_programs()) {
    if (base::program_in_path(program)) machine.programs.insert(program);
  }
  machine.busybox = try_to([] { return kernel::static_busybox().string(); });
  machine.cache = try_to([] { return storage::cache_folder().string(); });
  const fs::path cache = machine.cache.value;
  std::optional<kernel::Kernel> usual;
  look_at_kernels(machine, cache, usual);
  if (usual) machine.compiler = kernel::compiler_of(*usual);
  if (base::program_in_path(machine.compiler)) machine.programs.insert(machine.compiler);
  look_at_virtualisation(machine, cache, usual);
  machine.cache_limit = try_to([&] {
    machine.cache_limit_bytes = vm::snapshot_limit();
    return text::human_size(machine.cache_limit_bytes);
  });
  if (machine.cache.ok()) {
    machine.cache_free = free_bytes(cache);
    for (const auto &info : vm::SnapshotStore(cache / "snapshots", machine.cache_limit_bytes).list())
      machine.cache_used += info.disk_bytes;
  }
  machine.runtime = try_to([] { return vm::runs_folder().string(); });
  if (machine.runtime.ok()) machine.runtime_free = free_bytes(machine.runtime.value);
  machine.memory_mib = run::available_mib();
  machine.cores = run::cores_of_this_machine();
  return machine;
}

}  // namespace kmodtest::cli
