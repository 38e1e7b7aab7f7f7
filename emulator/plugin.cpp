// SPDX-License-Identifier: GPL-2.0-or-later

/// The library as a plugin of QEMU (-plugin): QEMU calls it for each block of code that it translates. Carries out
/// schedules (explorer.hpp), counts executions (coverage.hpp) and finds races (races.hpp), each if the environment
/// names a file for it.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emulator/coverage.hpp"
#include "emulator/explorer.hpp"
#include "emulator/qemu.hpp"
#include "emulator/races.hpp"
#include "wire/coverage_memory.hpp"
#include "wire/emulator_library.hpp"
#include "wire/kernel_addresses.hpp"
#include "wire/race_memory.hpp"
#include "wire/schedule_memory.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::emulator {
namespace {

const QemuPlugin *plugin = nullptr;
bool explores = false, counts = false, watches = false;

void on_block(QemuPlugin::Id, Block *block) {
  const std::size_t instructions = plugin->instruction_count(block);
  for (std::size_t i = 0; i < instructions; ++i) {
    Instruction *instruction = plugin->instruction(block, i);
    const std::uint64_t address = plugin->address(instruction);
    if (address < wire::kModulesBegin || address >= wire::kModulesEnd) continue;
    // A delay leaves the block, and the instruction is not executed then: delays must come before the counts.
    if (watches) watch(instruction, address, instructions - i);
    if (explores) explore(instruction, address, instructions - i);
    if (counts) count(instruction, address, i == 0);
  }
}

/// Maps the file that a variable of the environment names. Returns nullptr if that fails.
void *map_file(const char *variable, std::size_t bytes) {
  const char *file = std::getenv(variable);
  const int opened = file == nullptr ? -1 : open(file, O_RDWR | O_CLOEXEC);
  if (opened < 0) return nullptr;
  void *mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
  close(opened);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

bool start_exploring(const Qemu &qemu, const char **missing) {
  *missing = "file for schedules";
  void *file = map_file(wire::kScheduleFile, wire::kScheduleBytes);
  return file != nullptr && start_exploring(qemu, *plugin, file);
}

bool start_counting(const Qemu &qemu, const char **missing) {
  *missing = "file for coverage";
  void *file = map_file(wire::kCoverageFile, wire::kCoverageBytes);
  const void *shared = map_file(wire::kSharedMemoryFile, wire::kRequestsOffset);
  return file != nullptr && shared != nullptr && start_counting(qemu, *plugin, file, shared);
}

bool start_watching(const Qemu &qemu, const char **missing) {
  *missing = "file for races";
  void *file = map_file(wire::kRaceFile, wire::kRaceBytes);
  const void *shared = map_file(wire::kSharedMemoryFile, wire::kRequestsOffset);
  return file != nullptr && shared != nullptr && start_watching(qemu, *plugin, file, shared);
}

int install(QemuPlugin::Id id) {
  const char *missing = "";
  explores = std::getenv(wire::kScheduleFile) != nullptr;
  counts = std::getenv(wire::kCoverageFile) != nullptr;
  watches = std::getenv(wire::kRaceFile) != nullptr;
  const Qemu *qemu = find_qemu(&missing);
  plugin = qemu == nullptr ? nullptr : find_qemu_plugin(&missing);
  const bool started = plugin != nullptr && (!explores || start_exploring(*qemu, &missing)) &&
                       (!counts || start_counting(*qemu, &missing)) && (!watches || start_watching(*qemu, &missing));
  if (!started) {
    std::fprintf(stderr, "kmodtest: the plugin cannot start: QEMU has no %s\n", missing);
    return -1;
  }
  plugin->on_translation(id, on_block);
  return 0;
}

}  // namespace
}  // namespace kmodtest::emulator

extern "C" {

__attribute__((visibility("default"))) int qemu_plugin_version = 4;

__attribute__((visibility("default"))) int qemu_plugin_install(kmodtest::emulator::QemuPlugin::Id id, const void *, int,
                                                               char **) {
  return kmodtest::emulator::install(id);
}

}  // extern "C"
