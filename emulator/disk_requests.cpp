// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/disk_requests.hpp"

#include <climits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

int FileThread::wait(pthread_cond_t *request, pthread_mutex_t *lock, const timespec *until, Wait next) {
  lock_ = lock;
  request_ = request;
  ++waits_;
  syscall(SYS_futex, &waits_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  return next(request, lock, until);
}

int FileThread::finish(pthread_cond_t *request, Signal next) {
  // With the lock held, the thread either waits, so that the signal makes it look for requests and wait again, or it is
  // busy and will wait when it finds none. In both cases its next wait begins with an empty list.
  pthread_mutex_t *lock = lock_;
  pthread_mutex_lock(lock);
  const std::uint32_t before = waits_;
  const int result = next(request);
  pthread_mutex_unlock(lock);
  while (waits_ == before) syscall(SYS_futex, &waits_, FUTEX_WAIT_PRIVATE, before, nullptr, nullptr, 0);
  return result;
}

namespace {

DiskFunctions::TakeLock take_lock = nullptr;  // QEMU's function
thread_local bool works = false;              // and holds the lock until it has finished

void take_lock_unless_held(void *lock, const char *file, int line) {
  if (!works) take_lock(lock, file, line);
}

}  // namespace

bool find_disk_functions(DiskFunctions &functions) {
  return look_up(functions.loop, "qemu_get_aio_context") && look_up(functions.poll, "aio_poll") &&
         look_up(functions.lock, "bql_lock_impl") && look_up(functions.unlock, "bql_unlock") &&
         look_up(functions.take_lock, "bql_mutex_lock_func");
}

void DiskWork::begin(const DiskFunctions &functions) {
  functions_ = functions;
  take_lock = functions.take_lock->exchange(take_lock_unless_held);
}

void DiskWork::do_all() {
  while (functions_.poll(functions_.loop(), false)) {
  }
  left_ = false;
}

void DiskWork::finish() {
  if (!left_ || works) return;
  works = true;
  do_all();
  works = false;
}

bool DiskWork::finish_and_release() {
  if (works) return false;
  if (!left_) return true;
  // QEMU's functions check that the caller has the lock. It has, but it does not count as its holder any more.
  works = true;
  functions_.lock("", 0);
  do_all();
  functions_.unlock();
  works = false;
  return true;
}

}  // namespace kmodtest::emulator
