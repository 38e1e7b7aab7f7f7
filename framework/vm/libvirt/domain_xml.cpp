// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <fmt/format.h>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <pugixml.hpp>

#include "vm/guest.hpp"
#include "vm/libvirt/device_options.hpp"
#include "vm/topology.hpp"
#include "wire/emulator_library.hpp"

/// Source: libvirt's "Domain XML format" (formatdomain).
namespace kmodtest::vm {
namespace {

constexpr const char *kFastFirmware = "/usr/share/qemu/qboot.rom";
constexpr const char *kChannelName = "org.kmodtest.agent.0";
constexpr const char *kVirtualUuid = "6b6d6f64-7465-7374-8000-000000000001";
constexpr const char *kQemuNamespace = "http://libvirt.org/schemas/domain/qemu/1.0";

pugi::xml_node with_text(pugi::xml_node parent, const char *name, const std::string &text) {
  pugi::xml_node node = parent.append_child(name);
  node.text().set(text.c_str());
  return node;
}

template <class Value>
void attribute(pugi::xml_node node, const char *name, const Value &value) {
  node.append_attribute(name) = value;
}

void attribute(pugi::xml_node node, const char *name, const std::string &value) {
  node.append_attribute(name) = value.c_str();
}

void add_os(pugi::xml_node domain, const GuestSpec &spec, const GuestFiles &files) {
  pugi::xml_node os = domain.append_child("os");
  pugi::xml_node type = with_text(os, "type", "hvm");
  attribute(type, "arch", "x86_64");
  attribute(type, "machine", "q35");
  // A firmware that only starts the kernel; without it QEMU uses SeaBIOS, half a second slower.
  if (std::error_code ignored; std::filesystem::exists(kFastFirmware, ignored)) {
    attribute(with_text(os, "loader", kFastFirmware), "type", "rom");
  }
  // QEMU copies a kernel that it was given into the guest at each reset, and so before each restore.
  if (!files.saved.empty()) return;
  with_text(os, "kernel", spec.kernel_image.string());
  with_text(os, "initrd", spec.initramfs.string());
  with_text(os, "cmdline", kernel_command_line(spec));
}

void add_cpu(pugi::xml_node domain, const GuestSpec &spec) {
  pugi::xml_node cpu = domain.append_child("cpu");
  attribute(cpu, "mode", spec.accelerator == Accelerator::kvm ? "host-passthrough" : "maximum");
  const auto disable = [&cpu](const char *name) {
    pugi::xml_node feature = cpu.append_child("feature");
    attribute(feature, "policy", "disable");
    attribute(feature, "name", name);
  };
  if (spec.accelerator == Accelerator::tcg) {
    // With these the guest's kernel and libraries copy memory by "rep movsb", which TCG does byte by byte: reading
    // /proc takes twice as long.
    for (const char *name : {"erms", "fsrm"}) disable(name);
    // If it is offered, CPUs that are idle or offline wait by MWAIT, which TCG does by busy waiting.
    disable("monitor");
  }
  if (spec.clock == Clock::virtual_) {
    // Their results depend on the host: no run would be reproducible.
    for (const char *name : {"rdrand", "rdseed"}) disable(name);
  }
  const Topology topology = topology_of(spec);
  pugi::xml_node node = cpu.append_child("topology");
  attribute(node, "sockets", topology.sockets);
  attribute(node, "cores", topology.cores);
  attribute(node, "threads", topology.threads);
  if (spec.numa.empty()) return;
  pugi::xml_node numa = cpu.append_child("numa");
  int id = 0;
  for (const NumaCell &cell : spec.numa) {
    pugi::xml_node cell_node = numa.append_child("cell");
    attribute(cell_node, "id", id++);
    if (!cell.cpus.empty()) attribute(cell_node, "cpus", cell.cpus);
    attribute(cell_node, "memory", cell.memory_mib);
    attribute(cell_node, "unit", "MiB");
  }
}

void add_serial_lines(pugi::xml_node devices, const GuestSpec &spec, const GuestFiles &files) {
  pugi::xml_node console = devices.append_child("serial");
  attribute(console, "type", "file");
  attribute(console.append_child("source"), "path", files.console.string());
  attribute(console.append_child("target"), "port", 0);

  if (spec.channel == ChannelKind::memory) return;
  const bool virtio = spec.channel == ChannelKind::virtio;
  pugi::xml_node channel = devices.append_child(virtio ? "channel" : "serial");
  attribute(channel, "type", "unix");
  pugi::xml_node source = channel.append_child("source");
  attribute(source, "mode", "bind");
  attribute(source, "path", files.channel.string());
  pugi::xml_node target = channel.append_child("target");
  if (virtio) {
    attribute(target, "type", "virtio");
    attribute(target, "name", kChannelName);
  } else {
    attribute(target, "port", 1);
  }
}

void add_devices(pugi::xml_node domain, const GuestSpec &spec, const GuestFiles &files,
                 const std::filesystem::path &emulator) {
  pugi::xml_node devices = domain.append_child("devices");
  with_text(devices, "emulator", emulator.string());
  // libvirt adds these automatically unless they are excluded by name.
  pugi::xml_node usb = devices.append_child("controller");
  attribute(usb, "type", "usb");
  attribute(usb, "model", "none");
  add_serial_lines(devices, spec, files);
  pugi::xml_node audio = devices.append_child("audio");
  attribute(audio, "id", 1);
  attribute(audio, "type", "none");
  attribute(devices.append_child("memballoon"), "model", "none");
  attribute(devices.append_child("panic"), "model", "isa");
}

void add_clock(pugi::xml_node domain, const GuestSpec &spec) {
  pugi::xml_node clock = domain.append_child("clock");
  if (spec.clock == Clock::real) {
    attribute(clock, "offset", "utc");
    return;
  }
  // The date affects what a guest does, so it is the same for all: 2026-01-01 00:00 UTC.
  attribute(clock, "offset", "absolute");
  attribute(clock, "start", "1767225600");
  pugi::xml_node timer = clock.append_child("timer");
  attribute(timer, "name", "rtc");
  attribute(timer, "track", "guest");
}

/// Adds options that libvirt has no elements for.
void add_qemu_words(pugi::xml_node domain, const GuestSpec &spec, const GuestFiles &files) {
  pugi::xml_node line = domain.append_child("qemu:commandline");
  const auto add = [&line](const std::string &option, const std::string &value) {
    attribute(line.append_child("qemu:arg"), "value", option);
    attribute(line.append_child("qemu:arg"), "value", value);
  };
  if (spec.channel == ChannelKind::memory) {
    add("-object", fmt::format("memory-backend-file,id=kmodtest-memory,mem-path={},size={},share=on",
                               option_value(files.memory), spec.shared_bytes));
    // Without master=on QEMU would refuse to save the guest.
    add("-device", "ivshmem-plain,memdev=kmodtest-memory,master=on,bus=pcie.0,addr=0x10");
  }
  if (has_disks(spec)) add("-object", "main-loop,id=kmodtest-loop,thread-pool-min=1,thread-pool-max=1");
  if (!files.state.empty()) {
    const auto [option, value] = state_option(spec, files);
    add(option, value);
  }
  for (const auto &[option, value] : device_options(spec, files)) add(option, value);
  if (spec.clock == Clock::virtual_) {
    add("-icount", fmt::format("shift={},sleep=off", kInstructionShift));
    // libvirt gives each machine a different one. The guest's kernel finds it in SMBIOS and seeds its random pool with
    // it, which decides the addresses in its slabs and hashes.
    add("-uuid", kVirtualUuid);
  }
  if (spec.accelerator == Accelerator::tcg) {
    // By default an emulated CPU is AMD's family 6, whose threads the guest's kernel takes for cores. For an Intel CPU
    // it reads sockets, cores and threads from CPUID leaf 0x0b. libvirt has no element for this.
    for (const char *property : {"vendor=GenuineIntel", "family=6", "model=85", "stepping=4"})
      add("-global", fmt::format("max-x86_64-cpu.{}", property));
  }
  const auto set = [&line](const char *name, const auto &value) {
    pugi::xml_node variable = line.append_child("qemu:env");
    attribute(variable, "name", name);
    attribute(variable, "value", value);
  };
  if (files.controller_pid != 0) set("KMODTEST_CONTROLLER", files.controller_pid);
  if (spec.clock == Clock::virtual_ && !files.main_loop_gate.empty()) {
    set("LD_PRELOAD", files.main_loop_gate.string());
    set(wire::kSharedMemoryFile, files.memory.string());
    if (has_disks(spec)) set(wire::kDisks, 1);
    if (files.long_pause) set(wire::kPause, pause_range());
    if (files.long_pause && has_fitted_turns(spec)) set(wire::kFitTurns, 1);
    if (!files.schedule.empty()) set(wire::kScheduleFile, files.schedule.string());
    if (!files.coverage.empty()) set(wire::kCoverageFile, files.coverage.string());
    if (!files.races.empty()) set(wire::kRaceFile, files.races.string());
    if (!files.schedule.empty() || !files.coverage.empty() || !files.races.empty())
      add("-plugin", "file=" + option_value(files.main_loop_gate));
    if (!files.saved_memory.empty()) set(wire::kMemoryFrom, files.saved_memory.string());
    if (!files.memory_to.empty()) set(wire::kMemoryTo, files.memory_to.string());
  }
  if (!line.first_child()) domain.remove_child(line);
}

}  // namespace

std::string domain_xml(const GuestSpec &spec, const std::string &name, const GuestFiles &files,
                       const std::filesystem::path &emulator) {
  check(spec);
  pugi::xml_document document;
  pugi::xml_node domain = document.append_child("domain");
  attribute(domain, "type", spec.accelerator == Accelerator::kvm ? "kvm" : "qemu");
  attribute(domain, "xmlns:qemu", kQemuNamespace);
  with_text(domain, "name", name);
  attribute(with_text(domain, "memory", std::to_string(spec.memory_mib)), "unit", "MiB");
  with_text(domain, "vcpu", std::to_string(spec.cpus));
  add_os(domain, spec, files);
  pugi::xml_node features = domain.append_child("features");
  features.append_child("acpi");
  // The guest's kernel stores there what a reader of a dump needs to know about it.
  attribute(features.append_child("vmcoreinfo"), "state", "on");
  // Nothing could wake such a guest, and its clock stands. Without them the kernel refuses to suspend to memory or
  // disk.
  pugi::xml_node power = domain.append_child("pm");
  for (const char *state : {"suspend-to-mem", "suspend-to-disk"}) attribute(power.append_child(state), "enabled", "no");
  add_cpu(domain, spec);
  add_clock(domain, spec);
  with_text(domain, "on_poweroff", "destroy");
  with_text(domain, "on_reboot", "destroy");
  with_text(domain, "on_crash", "preserve");
  add_devices(domain, spec, files, emulator);
  add_qemu_words(domain, spec, files);
  std::ostringstream text;
  document.save(text, "  ", pugi::format_indent | pugi::format_no_declaration);
  return text.str();
}

}  // namespace kmodtest::vm
