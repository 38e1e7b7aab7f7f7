// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/boot/initramfs.hpp"

#include <fmt/format.h>
#include <set>

#include "base/error.hpp"
#include "base/own_file.hpp"
#include "kernel/boot/cpio_writer.hpp"
#include "kernel/boot/elf_file.hpp"
#include "storage/cache_folder.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char *kBusybox = "/bin/busybox";
constexpr const char *kBusyboxHint = "install the package busybox-static";
// Raise it when the recipe changes: initramfs files of older recipes are then no longer used.
constexpr const char *kRecipe = "4";

/// Serves request_module(): runs busybox's modprobe, and logs the name that it does not know, which the kernel does
/// not.
constexpr const char *kModprobe =
    "#!/bin/sh\n"
    "/bin/busybox modprobe \"$@\" 2>/dev/null && exit 0\n"
    "for name; do :; done\n"
    "echo \"<6>modprobe: the guest has no module for '$name'\" >/dev/kmsg\n"
    "exit 1\n";

std::string guest_module_path(const fs::path &module) {
  auto name = module.filename().string();
  return "modules/" + name.substr(0, name.find(".ko")) + ".ko";
}

/// Throws unless the file is a static ELF program: there is no dynamic linker in the initramfs.
void check_static(const fs::path &file, const std::string &bytes, const std::string &hint) {
  const ElfFile elf(bytes);
  if (!elf.is_64_bit())
    throw base::Error(base::Code::bad_boot_file, fmt::format("{} is not a 64-bit program", file.string()), hint);
  for (const GElf_Phdr &segment : elf.segments()) {
    if (segment.p_type == PT_INTERP)
      throw base::Error(base::Code::bad_boot_file, fmt::format("{} is not a static program", file.string()), hint);
  }
}

fs::path existing_busybox() {
  std::error_code error;
  // A copy of kmodtest on another machine has the busybox of the first one next to it (shards/program_files.cpp).
  if (const auto own = base::own_file().parent_path() / "busybox"; fs::exists(own, error)) return own;
  if (!fs::exists(kBusybox, error)) {
    throw base::Error(base::Code::no_busybox, fmt::format("there is no {} on this machine", kBusybox), kBusyboxHint);
  }
  return kBusybox;
}

}  // namespace

std::string make_initramfs(const InitramfsInputs &inputs) {
  const auto agent = storage::read_whole_file(inputs.agent);
  check_static(inputs.agent, agent, "build kmodtest again: its agent has to be linked statically");
  const auto busybox = storage::read_whole_file(inputs.busybox);
  check_static(inputs.busybox, busybox, kBusyboxHint);
  CpioWriter writer;
  for (const char *folder : {"bin", "dev", "etc", "lib", "modules", "proc", "root", "sbin", "sys", "tmp"})
    writer.folder(folder);
  // Init's first output needs a console before devtmpfs is mounted.
  writer.device("dev/console", 5, 1);
  writer.device("dev/null", 1, 3);
  writer.file("init", agent, 0755);
  writer.file("bin/busybox", busybox, 0755);
  writer.link("bin/sh", "busybox");
  writer.file("sbin/modprobe", kModprobe, 0755);
  writer.link("lib/modules", "/tmp/modules/requestable");
  std::set<std::string> written;
  const auto add_modules = [&](const std::string &list, const std::vector<fs::path> &modules) {
    std::string paths;
    for (const auto &module : modules) {
      const std::string path = guest_module_path(module);
      if (written.insert(path).second) writer.file(path, read_module(module), 0644);
      paths += "/" + path + "\n";
    }
    writer.file(list, paths, 0644);
  };
  add_modules("modules/virtio", inputs.channel_modules);
  add_modules("modules/always", inputs.machine_modules);
  return writer.finish();
}

void write_initramfs(const InitramfsInputs &inputs, const fs::path &to) {
  storage::write_whole_file(to, make_initramfs(inputs));
}

fs::path static_busybox() {
  fs::path busybox = existing_busybox();
  check_static(busybox, storage::read_whole_file(busybox), kBusyboxHint);
  return busybox;
}

fs::path initramfs_for(const Kernel &kernel, const fs::path &cache) {
  const InitramfsInputs inputs{.agent = storage::find_data_file("kmodtest-agent"),
                               .busybox = existing_busybox(),
                               .channel_modules = channel_modules(kernel),
                               .machine_modules = machine_modules(kernel)};
  std::error_code error;
  storage::Sha256 digest;
  digest.field(kRecipe).field(storage::sha256_file(inputs.agent)).field(storage::sha256_file(inputs.busybox));
  for (const auto *modules : {&inputs.channel_modules, &inputs.machine_modules}) {
    digest.field(std::to_string(modules->size()));
    for (const auto &module : *modules) digest.field(module.filename().string()).field(storage::sha256_file(module));
  }
  const auto folder = cache / "initramfs";
  auto file = folder / fmt::format("{}.cpio", digest.hex().substr(0, 32));
  if (fs::exists(file, error)) return file;
  storage::make_folder(folder);
  write_initramfs(inputs, file);
  return file;
}

}  // namespace kmodtest::kernel
