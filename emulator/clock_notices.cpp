// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/clock_notices.hpp"

#include <array>
#include <atomic>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::size_t kMostLists = 16;

struct Spared {
  TimerList *list = nullptr;
  void (*notify)(void *, int) = nullptr;  ///< QEMU's function
};
std::array<Spared, kMostLists> spared{};

void notify_if_used(void *loop, int clock) {
  for (const Spared &one : spared) {
    if (one.list == nullptr || one.list->loop != loop) continue;
    if (std::atomic_ref(one.list->timers).load() != nullptr) one.notify(loop, clock);
    return;
  }
}

/// Returns the list before this one; nullptr if it is the first.
TimerList *before(const TimerList &list) {
  if (list.pointer_to_this == static_cast<TimerList **>(list.clock)) return nullptr;
  auto *next = reinterpret_cast<unsigned char *>(list.pointer_to_this);
  return reinterpret_cast<TimerList *>(next - offsetof(TimerList, next));
}

/// Returns the first list of the clock; nullptr if the lists are not as expected.
TimerList *first_of(TimerList *list) {
  const void *clock = list->clock;
  for (std::size_t steps = 0; steps < kMostLists; ++steps) {
    TimerList *previous = before(*list);
    if (previous == nullptr) return list;
    if (previous->clock != clock || previous->next != list) return nullptr;
    list = previous;
  }
  return nullptr;
}

}  // namespace

std::size_t spare_idle_loops(TimerList *main, void (*main_notify)(void *, int)) {
  if (main == nullptr || main->clock == nullptr || main->notify != main_notify) return 0;
  std::size_t count = 0;
  for (TimerList *list = first_of(main); list != nullptr && count < kMostLists; list = list->next) {
    if (list == main) continue;
    spared[count++] = {.list = list, .notify = list->notify};
    list->notify = notify_if_used;
  }
  return count;
}

void spare_idle_loops() {
  TimerList **lists = nullptr;
  void (*notify)(void *, int) = nullptr;
  if (!look_up(lists, "main_loop_tlg") || !look_up(notify, "qemu_timer_notify_cb")) return;
  spare_idle_loops(lists[kVirtualClock], notify);
}

}  // namespace kmodtest::emulator
