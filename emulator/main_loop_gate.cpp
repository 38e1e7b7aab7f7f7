// SPDX-License-Identifier: GPL-2.0-or-later

/// libkmodtest-gate.so: loaded into the QEMU of a guest under virtual time (LD_PRELOAD). It makes QEMU's main loop and
/// the thread of the CPUs take turns, where plain QEMU lets them race.
///
/// With -icount and sleep=off, the main loop advances an idle guest's clock to the next timer. A CPU that executes HLT
/// is idle from that moment on, but the CPUs' thread adds the instructions before it to the clock a little later. The
/// main loop's poll can end at any moment, because it waits in real time for the guest's timers. If it ends in between,
/// the clock jumps from a moment that has passed, and is some microseconds ahead of other runs. In the same way either
/// thread can handle a timer, and that decides how long the CPUs' turns are.
///
/// So the main loop does not return from its poll while a CPU runs; the CPUs' thread then handles the guest's timers. A
/// request of another thread to the main loop (mostly the monitor's) waits for the next moment in which all CPUs are
/// idle; the guest cannot notice it then. Only if there is no such moment does the main loop run in between.
///
/// When all CPUs are idle, their thread itself advances the clock and runs the timer, as the main loop would
/// (emulator/idle_guest.hpp).
///
/// The gate can also hold a guest in the middle of an instruction, for a controller that has to compute how to continue
/// (wire::Rest). The guest reads the machine's clock. QEMU's model of that clock calls gmtime_r(3), and the call
/// returns when the controller has answered. Meanwhile QEMU's big lock is held and no time passes, so nothing else
/// happens in the machine, its monitor included.
///
/// The CPUs' thread also completes the requests to the guest's disks (emulator/disk_requests.hpp).
///
/// A guest that has booted is paused here, too, at a moment of its own time (emulator/first_pause.hpp).
///
/// The gate relies on this (QEMU since 2.9): the thread of all CPUs under TCG with -icount is named "ALL CPUs/TCG"
/// (libvirt asks for names) and waits for work by pthread_cond_wait with QEMU's big lock. The main loop polls by
/// ppoll(2) without that lock. A request to the main loop is a write to an eventfd. If this does not hold, nothing is
/// changed.
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emulator/clock_notices.hpp"
#include "emulator/disk_requests.hpp"
#include "emulator/event_files.hpp"
#include "emulator/first_pause.hpp"
#include "emulator/first_turn.hpp"
#include "emulator/idle_guest.hpp"
#include "emulator/pause.hpp"
#include "emulator/saved_memory.hpp"
#include "emulator/unsaved_device.hpp"
#include "wire/emulator_library.hpp"
#include "wire/shared_memory.hpp"

namespace {

using kmodtest::emulator::is_eventfd;
using kmodtest::wire::Rest;

/// Limits how long the main loop's own work waits (a reset that the guest requests while another CPU computes).
#ifndef KMODTEST_LONGEST_TURN
#define KMODTEST_LONGEST_TURN 1  // seconds
#endif
constexpr timespec kLongestTurn{KMODTEST_LONGEST_TURN, 0};
/// Limits how long another thread's request waits for idle CPUs, in milliseconds.
#ifndef KMODTEST_POLITENESS
#define KMODTEST_POLITENESS 100
#endif
constexpr std::int64_t kPoliteness = KMODTEST_POLITENESS;
/// A request between two turns is mostly followed by others, and the guest is disturbed already. So none of them waits
/// until the guest is idle again, for at most this many milliseconds.
constexpr std::int64_t kAfterAVisit = 1000;
constexpr std::int64_t kNever = INT64_MIN / 2;
/// A request takes the main loop several rounds, in which it signals itself to continue.
constexpr int kRoundsOfAVisit = 16;
constexpr std::size_t kMostFiles = 64;

/// Calls the C library's own function, or that of another preloaded library. Looks it up on the first call, because
/// others can call this library before its own constructors run.
template <class Function>
class Next {
 public:
  constexpr explicit Next(const char *name, const char *version = nullptr) : name_(name), version_(version) {}
  template <class... Arguments>
  auto operator()(Arguments... arguments) {
    Function function = found_;
    if (function == nullptr) {
      // Ask for the version where there are several: dlsym alone can find an outdated one.
      void *symbol = version_ == nullptr ? nullptr : dlvsym(RTLD_NEXT, name_, version_);
      if (symbol == nullptr) symbol = dlsym(RTLD_NEXT, name_);
      std::memcpy(&function, &symbol, sizeof function);
      found_ = function;
    }
    return function(arguments...);
  }

 private:
  const char *name_;
  const char *version_;
  std::atomic<Function> found_{nullptr};
};

Next<int (*)(pthread_cond_t *, pthread_mutex_t *)> next_cond_wait("pthread_cond_wait", "GLIBC_2.3.2");
Next<int (*)(pthread_cond_t *)> next_broadcast("pthread_cond_broadcast", "GLIBC_2.3.2");
Next<int (*)(pthread_cond_t *)> next_signal("pthread_cond_signal", "GLIBC_2.3.2");
Next<int (*)(pollfd *, nfds_t, const timespec *, const sigset_t *)> next_poll("ppoll");
Next<int (*)(pthread_cond_t *, pthread_mutex_t *, const timespec *)> next_timed_wait("pthread_cond_timedwait",
                                                                                     "GLIBC_2.3.2");
Next<int (*)(pthread_mutex_t *)> next_unlock("pthread_mutex_unlock");
Next<ssize_t (*)(int, const void *, std::size_t)> next_write("write");
Next<int (*)(int)> next_close("close");
Next<tm *(*)(const time_t *, tm *)> next_gmtime("gmtime_r");

/// Returns whether the guest has disks whose requests the library completes.
bool has_disks() {
  static const bool disks = std::getenv(kmodtest::wire::kDisks) != nullptr;
  return disks;
}

enum class Role : char { unknown, cpus, main_loop, files, other };

Role role() {
  thread_local Role known = Role::unknown;
  if (known != Role::unknown) return known;
  if (gettid() == getpid()) return known = Role::main_loop;
  std::array<char, 17> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  const bool cpus = std::strcmp(name.data(), "ALL CPUs/TCG") == 0;
  if (cpus) return known = Role::cpus;
  return known = has_disks() && std::strcmp(name.data(), "worker") == 0 ? Role::files : Role::other;
}

std::atomic<bool> cpus_wait{true};         // the CPUs' thread waits for work, and nobody has woken it since
std::atomic<bool> wanted{false};           // a third thread has signalled the main loop
std::atomic<int> signalling{0};            // threads that are about to do so
std::atomic<bool> main_loop_waits{false};  // for its turn to run
std::atomic<bool> main_loop_serves{true};  // a request, which takes it several rounds
std::atomic<bool> guest_held{false};       // the CPUs' thread is held in a read of the machine's clock
std::atomic<pthread_cond_t *> work{nullptr};
std::atomic<pthread_mutex_t *> big_lock{nullptr};

int rounds_left = 0;               // of the main loop between two turns of the CPUs; only the main loop uses it
std::int64_t last_visit = kNever;  // time of such rounds since the CPUs were idle, milliseconds
std::atomic<int> turn_event{-1};   // an eventfd on which the main loop waits for its turn

void give_turn() {
  if (!main_loop_waits) return;
  const eventfd_t one = 1;
  (void)next_write(turn_event.load(), static_cast<const void *>(&one), sizeof one);
}

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

/// Waits for threads that are in the middle of signalling. Such a thread has written to the main loop's eventfd but
/// lost its processor before it set `wanted`. Its request would seem to arrive later, when the CPUs run again.
void wait_for_signallers() {
  while (signalling > 0) sched_yield();
}

/// Returns when the CPUs' thread waits for work, when a request has waited long enough, when a file is ready that is
/// written from outside, or when the longest turn is over.
void wait_for_turn(const pollfd *files, nfds_t count, const sigset_t *mask) {
  std::array<pollfd, kMostFiles + 1> outside{};
  std::size_t size = 0;
  for (nfds_t i = 0; i < count; ++i) {
    if (is_eventfd(files[i].fd)) continue;
    if (files[i].revents != 0 || size == kMostFiles) return;
    outside[size++] = {files[i].fd, files[i].events, 0};
  }
  if (turn_event < 0) turn_event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  outside[size] = {turn_event, POLLIN, 0};
  std::int64_t visit_at = -1;
  main_loop_waits = true;
  while (!cpus_wait) {
    timespec patience = kLongestTurn;
    if (wanted) {
      const std::int64_t now = now_ms();
      if (visit_at < 0) visit_at = now - last_visit < kAfterAVisit ? now : now + kPoliteness;
      if (now >= visit_at) break;
      patience = {(visit_at - now) / 1000, (visit_at - now) % 1000 * 1'000'000};
    }
    const int ready = next_poll(outside.data(), size + 1, &patience, mask);
    if (ready == 0 && (wanted || guest_held)) continue;
    if (ready <= 0) break;
    if (outside[size].revents == 0) break;
    eventfd_t taken = 0;
    (void)read(turn_event, &taken, sizeof taken);
    if (ready > 1) break;
  }
  main_loop_waits = false;
}

const kmodtest::emulator::Qemu *qemu = nullptr;  // nullptr: the main loop does all of its work itself
kmodtest::emulator::FirstPause first_pause;
kmodtest::emulator::FileThread file_thread;
kmodtest::emulator::DiskWork disk_work;  // of the CPUs' thread

/// Lets time pass for a guest whose CPUs are all idle. Returns false if the main loop has to do that, because it has
/// other work, too. It gets QEMU's big lock then: else a guest that is held soon afterwards would keep the lock, and
/// nobody would get the answer to the request that started it.
bool advance_idle_guest() {
  static kmodtest::emulator::IdleGuest guest;
  if (qemu == nullptr || first_pause.holds(*qemu)) return false;
  return !main_loop_serves && !wanted && signalling == 0 && guest.advance(*qemu, now_ms());
}

/// Called by the main loop when the machine is complete.
void begin_main_loop() {
  static bool begun = false;
  if (!begun) {
    kmodtest::emulator::keep_memory_apart();
    if (qemu != nullptr) kmodtest::emulator::save_without_registers(*qemu);
  }
  begun = true;
}

/// Returns the first page of the memory that the guest shares with its controller, which the environment names; nullptr
/// if there is none. Maps it when the guest first reads its clock.
unsigned char *shared_page() {
  static unsigned char *const page = []() -> unsigned char * {
    const char *file = std::getenv(kmodtest::wire::kSharedMemoryFile);
    const int opened = file == nullptr ? -1 : open(file, O_RDWR | O_CLOEXEC);
    if (opened < 0) return nullptr;
    void *mapped = mmap(nullptr, kmodtest::wire::kRequestsOffset, PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
    (void)next_close(opened);
    return mapped == MAP_FAILED ? nullptr : static_cast<unsigned char *>(mapped);
  }();
  return page;
}

/// Returns when the controller resumes the guest. It need not check that the controller lives: this process ends with
/// it.
void hold_guest(unsigned char *page) {
  // This is the lower half of a 64-bit word (little endian), because futex(2) has 32 bits.
  auto &word = *reinterpret_cast<std::uint32_t *>(page + kmodtest::wire::kRestOffset);
  auto asked = static_cast<std::uint32_t>(Rest::wanted);
  constexpr auto kHeld = static_cast<std::uint32_t>(Rest::held);
  std::atomic_ref rest(word);
  guest_held = true;
  if (rest.compare_exchange_strong(asked, kHeld)) {
    while (rest.load() == kHeld) syscall(SYS_futex, &word, FUTEX_WAIT, kHeld, nullptr, nullptr, 0);
  }
  guest_held = false;
}

bool is_now(const timespec *patience) {
  return patience != nullptr && patience->tv_sec == 0 && patience->tv_nsec == 0;
}

/// Polls as the main loop asks. It has served the last request when there is nothing left to do at once.
int poll_for_work(pollfd *files, nfds_t count, const timespec *patience, const sigset_t *mask) {
  static constexpr timespec kNow{0, 0};
  const int ready = next_poll(files, count, &kNow, mask);
  if (ready != 0 || is_now(patience)) return ready;
  main_loop_serves = false;
  return next_poll(files, count, patience, mask);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) tm *gmtime_r(const time_t *time, tm *to) {
  if (role() == Role::cpus) {
    if (unsigned char *page = shared_page()) {
      if (qemu != nullptr) first_pause.accept(page);
      hold_guest(page);
    }
  }
  return next_gmtime(time, to);
}

__attribute__((visibility("default"))) int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
  if (role() != Role::cpus) return next_cond_wait(condition, mutex);
  if (work == nullptr) {
    // The first wait of the thread is for the start of the machine.
    work = condition;
    const char *missing = "";
    qemu = kmodtest::emulator::find_qemu(&missing);
    big_lock = mutex;
    kmodtest::emulator::lengthen_pause();
    if (qemu != nullptr) {
      kmodtest::emulator::begin_with_first_cpu(*qemu);
      kmodtest::emulator::spare_idle_loops();
      kmodtest::emulator::DiskFunctions functions{};
      if (has_disks() && kmodtest::emulator::find_disk_functions(functions)) disk_work.begin(functions);
    }
  }
  if (condition != work) return next_cond_wait(condition, mutex);
  disk_work.finish();
  if (advance_idle_guest()) return 0;  // as if it had been woken for nothing
  cpus_wait = true;
  give_turn();
  const int result = next_cond_wait(condition, mutex);
  cpus_wait = false;
  return result;
}

// The flag must change here, not when the thread runs again: in between, the main loop could begin another round.
__attribute__((visibility("default"))) int pthread_cond_broadcast(pthread_cond_t *condition) {
  if (condition == work) cpus_wait = false;
  return next_broadcast(condition);
}

__attribute__((visibility("default"))) int pthread_cond_signal(pthread_cond_t *condition) {
  if (condition == work) cpus_wait = false;
  if (!has_disks() || !file_thread.serves(condition)) return next_signal(condition);
  if (role() == Role::cpus) disk_work.add();
  return file_thread.finish(condition, [](pthread_cond_t *waited) { return next_signal(waited); });
}

__attribute__((visibility("default"))) int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                                                  const timespec *until) {
  if (!has_disks() || role() != Role::files) return next_timed_wait(condition, mutex, until);
  return file_thread.wait(condition, mutex, until,
                          [](pthread_cond_t *waited, pthread_mutex_t *held, const timespec *end) {
                            return next_timed_wait(waited, held, end);
                          });
}

__attribute__((visibility("default"))) int pthread_mutex_unlock(pthread_mutex_t *mutex) {
  const bool releases = mutex != big_lock || role() != Role::cpus || disk_work.finish_and_release();
  return releases ? next_unlock(mutex) : 0;
}

__attribute__((visibility("default"))) ssize_t write(int file, const void *data, std::size_t size) {
  if (size == sizeof(eventfd_t) && role() == Role::cpus) disk_work.add();
  if (size != sizeof(eventfd_t) || role() != Role::other || !is_eventfd(file)) return next_write(file, data, size);
  ++signalling;
  const ssize_t result = next_write(file, data, size);
  // Set after the write: the main loop clears it before it looks at the files.
  wanted = true;
  --signalling;
  give_turn();
  return result;
}

__attribute__((visibility("default"))) int close(int file) {
  kmodtest::emulator::forget_file(file);
  return next_close(file);
}

__attribute__((visibility("default"))) int ppoll(pollfd *files, nfds_t count, const timespec *patience,
                                                 const sigset_t *mask) {
  pthread_mutex_t *lock = big_lock;
  // A poll with the lock held waits for one event only, and the CPUs' thread might need the lock to continue.
  const bool turns = role() == Role::main_loop && lock != nullptr && lock->__data.__owner != getpid();
  if (!turns) return next_poll(files, count, patience, mask);
  begin_main_loop();
  const int ready = poll_for_work(files, count, patience, mask);
  if (ready < 0) return ready;
  const bool has_work = ready > 0 || is_now(patience);
  wait_for_signallers();
  if (cpus_wait) {
    rounds_left = 0;
    last_visit = kNever;
    if (!wanted) return ready;
  } else if (rounds_left > 0 && has_work) {
    --rounds_left;
    return ready;
  } else {
    rounds_left = 0;
    if (!has_work) main_loop_serves = false;
    wait_for_turn(files, count, mask);
    wait_for_signallers();
    if (!cpus_wait && wanted) {
      rounds_left = kRoundsOfAVisit;
      last_visit = now_ms();
    }
  }
  if (wanted) main_loop_serves = true;
  wanted = false;
  static constexpr timespec kNow{0, 0};
  return next_poll(files, count, &kNow, mask);
}

}  // extern "C"
