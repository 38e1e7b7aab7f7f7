// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/first_pause.hpp"

#include <atomic>
#include <cstdint>

#include "wire/shared_memory.hpp"

namespace kmodtest::emulator {
namespace {

using wire::Settling;

std::atomic_ref<std::uint64_t> settling_word(unsigned char *page) {
  return std::atomic_ref(*reinterpret_cast<std::uint64_t *>(page + wire::kSettlingOffset));
}

/// Returns whether the machine is paused: then QEMU counts each of its CPUs as stopped.
bool is_paused(const Qemu &qemu) {
  return !any_cpu(qemu, [&qemu](void *cpu) { return !qemu.is_stopped(cpu); });
}

}  // namespace

void FirstPause::accept(unsigned char *page) {
  auto wanted = static_cast<std::uint64_t>(Settling::wanted);
  if (!settling_word(page).compare_exchange_strong(wanted, static_cast<std::uint64_t>(Settling::accepted))) return;
  page_ = page;
  state_ = State::accepted;
}

bool FirstPause::holds(const Qemu &qemu) {
  if (state_ == State::none) return false;
  if (state_ == State::accepted) {
    qemu.prepare_pause(qemu.paused);
    qemu.request_pause(qemu.paused);
    state_ = State::asked;
  } else if (is_paused(qemu)) {
    settling_word(page_).store(static_cast<std::uint64_t>(Settling::paused));
    state_ = State::none;
  }
  return true;
}

}  // namespace kmodtest::emulator
