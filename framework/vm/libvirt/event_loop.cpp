// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/event_loop.hpp"

#include <chrono>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <unistd.h>

#include "base/error.hpp"

namespace kmodtest::vm {

namespace asio = base::asio;
using PolledDescriptor = asio::posix::stream_descriptor;

struct EventLoop::Handle {
  int id = 0;
  int fd = -1;      // as libvirt knows it
  int copy = -1;    // ours: libvirt can watch one descriptor twice, which epoll refuses, and can close it before us
  int events = 0;   // what libvirt asks for
  int waiting = 0;  // what Asio waits for now
  bool removed = false;
  bool in_callback = false;
  virEventHandleCallback callback = nullptr;
  void *opaque = nullptr;
  virFreeCallback free = nullptr;
  std::optional<PolledDescriptor> descriptor;

  ~Handle() {
    descriptor.reset();  // does not own the descriptor: releases it below
    if (copy >= 0) ::close(copy);
  }
};

struct EventLoop::Timer {
  int id = 0;
  int milliseconds = -1;  // negative: off
  unsigned generation = 0;
  bool removed = false;
  virEventTimeoutCallback callback = nullptr;
  void *opaque = nullptr;
  virFreeCallback free = nullptr;
  std::optional<asio::steady_timer> timer;
};

namespace {

short poll_events(int events) {
  int bits = 0;
  if (events & VIR_EVENT_HANDLE_READABLE) bits |= POLLIN;
  if (events & VIR_EVENT_HANDLE_WRITABLE) bits |= POLLOUT;
  return static_cast<short>(bits);
}

int libvirt_events(short revents) {
  int events = 0;
  if (revents & POLLIN) events |= VIR_EVENT_HANDLE_READABLE;
  if (revents & POLLOUT) events |= VIR_EVENT_HANDLE_WRITABLE;
  if (revents & (POLLERR | POLLNVAL)) events |= VIR_EVENT_HANDLE_ERROR;
  if (revents & POLLHUP) events |= VIR_EVENT_HANDLE_HANGUP;
  return events;
}

/// Releases a descriptor without closing it: Asio cancels the waits for it.
void drop(std::optional<PolledDescriptor> &descriptor) {
  if (!descriptor) return;
  if (descriptor->is_open()) descriptor->release();
  descriptor.reset();
}

}  // namespace

EventLoop &EventLoop::instance() {
  static EventLoop *const loop = [] {
    auto *made = new EventLoop;  // lives as long as the process: libvirt's own threads can call it to the very end
    virEventRegisterImpl([](int fd, int events, virEventHandleCallback callback, void *opaque,
                            virFreeCallback free) { return instance().add_handle(fd, events, callback, opaque, free); },
                         [](int watch, int events) { instance().update_handle(watch, events); },
                         [](int watch) { return instance().remove_handle(watch); },
                         [](int milliseconds, virEventTimeoutCallback callback, void *opaque, virFreeCallback free) {
                           return instance().add_timeout(milliseconds, callback, opaque, free);
                         },
                         [](int timer, int milliseconds) { instance().update_timeout(timer, milliseconds); },
                         [](int timer) { return instance().remove_timeout(timer); });
    return made;
  }();
  return *loop;
}

void EventLoop::attach(asio::io_context &io) {
  const std::lock_guard lock(mutex_);
  if (io_ != nullptr && io_ != &io) {
    throw base::Error(base::Code::defect, "libvirt's event loop runs on another io_context already",
                      "open all hypervisors on one");
  }
  if (++attached_ > 1) return;
  io_ = &io;
  strand_ = std::make_unique<Strand>(io.get_executor());
  ++attachment_;
  for (const auto &[id, handle] : handles_) arm(handle);
  for (const auto &[id, timer] : timers_) arm(timer);
}

void EventLoop::detach() {
  std::unique_lock lock(mutex_);
  if (attached_ == 0 || --attached_ > 0) return;
  ++attachment_;
  for (const auto &[id, handle] : handles_) {
    drop(handle->descriptor);
    handle->waiting = 0;
    handle->in_callback = false;
  }
  for (const auto &[id, timer] : timers_) {
    ++timer->generation;
    timer->timer.reset();
  }
  strand_.reset();
  io_ = nullptr;
  lock.unlock();
  run_frees();  // the io_context might never run again
}

// Called with the lock held, like the other arm().
void EventLoop::arm(const std::shared_ptr<Handle> &handle) {
  if (io_ == nullptr || handle->removed || handle->in_callback) return;
  if (!handle->descriptor) handle->descriptor.emplace(*io_, handle->copy);
  if (handle->events & VIR_EVENT_HANDLE_READABLE) wait(handle, VIR_EVENT_HANDLE_READABLE);
  if (handle->events & VIR_EVENT_HANDLE_WRITABLE) wait(handle, VIR_EVENT_HANDLE_WRITABLE);
  const bool only_errors = (handle->events & (VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_WRITABLE)) == 0;
  if (handle->events != 0 && only_errors) wait(handle, VIR_EVENT_HANDLE_HANGUP);
}

void EventLoop::wait(const std::shared_ptr<Handle> &handle, int event) {
  if (handle->waiting & event) return;
  handle->waiting |= event;
  const auto type = event == VIR_EVENT_HANDLE_READABLE   ? PolledDescriptor::wait_read
                    : event == VIR_EVENT_HANDLE_WRITABLE ? PolledDescriptor::wait_write
                                                         : PolledDescriptor::wait_error;
  const auto done = [this, handle, event, attachment = attachment_](boost::system::error_code error) {
    if (error != asio::error::operation_aborted) dispatch(handle, event, attachment);
  };
  handle->descriptor->async_wait(type, asio::bind_executor(*strand_, done));
}

void EventLoop::dispatch(const std::shared_ptr<Handle> &handle, int event, unsigned attachment) {
  int happened = 0;
  {
    const std::lock_guard lock(mutex_);
    if (attachment != attachment_ || handle->removed) return;
    handle->waiting &= ~event;
    // Polled again, since libvirt's interest can have changed, and Asio only reports that something happened.
    pollfd now{handle->copy, poll_events(handle->events), 0};
    if (::poll(&now, 1, 0) > 0) happened = libvirt_events(now.revents);
    handle->in_callback = happened != 0;
  }
  // Never under our lock: the callback takes libvirt's locks, under which other threads call us.
  if (happened != 0) handle->callback(handle->id, handle->fd, happened, handle->opaque);
  const std::lock_guard lock(mutex_);
  if (attachment != attachment_) return;
  handle->in_callback = false;
  arm(handle);
}

void EventLoop::arm(const std::shared_ptr<Timer> &timer) {
  const unsigned generation = ++timer->generation;
  if (timer->timer) timer->timer->cancel();
  if (io_ == nullptr || timer->removed || timer->milliseconds < 0) return;
  if (!timer->timer) timer->timer.emplace(*io_);
  timer->timer->expires_after(std::chrono::milliseconds(timer->milliseconds));
  const auto expired = [this, timer, generation](boost::system::error_code error) {
    {
      const std::lock_guard lock(mutex_);
      if (error || timer->removed || generation != timer->generation) return;
    }
    timer->callback(timer->id, timer->opaque);
    const std::lock_guard lock(mutex_);
    if (generation == timer->generation) arm(timer);  // periodic, unless the callback changed it
  };
  timer->timer->async_wait(asio::bind_executor(*strand_, expired));
}

// Postpones libvirt's free callbacks: libvirt holds locks when it removes a watch, and the callbacks take them.
void EventLoop::later(virFreeCallback free, void *opaque) {
  if (free == nullptr) return;
  frees_.emplace_back(free, opaque);
  if (io_ != nullptr) asio::post(*strand_, [this] { run_frees(); });
}

void EventLoop::run_frees() {
  std::vector<std::pair<virFreeCallback, void *>> owed;
  {
    const std::lock_guard lock(mutex_);
    owed.swap(frees_);
  }
  for (const auto &[free, opaque] : owed) free(opaque);
}

int EventLoop::add_handle(int fd, int events, virEventHandleCallback callback, void *opaque, virFreeCallback free) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return -1;
  auto handle = std::make_shared<Handle>();
  handle->fd = fd;
  handle->copy = copy;
  handle->events = events;
  handle->callback = callback;
  handle->opaque = opaque;
  handle->free = free;
  const std::lock_guard lock(mutex_);
  handle->id = next_id_++;
  handles_[handle->id] = handle;
  arm(handle);
  return handle->id;
}

void EventLoop::update_handle(int watch, int events) {
  const std::lock_guard lock(mutex_);
  const auto found = handles_.find(watch);
  if (found == handles_.end()) return;
  found->second->events = events;
  arm(found->second);
}

int EventLoop::remove_handle(int watch) {
  const std::lock_guard lock(mutex_);
  const auto found = handles_.find(watch);
  if (found == handles_.end()) return -1;
  const std::shared_ptr<Handle> handle = found->second;
  handles_.erase(found);
  handle->removed = true;
  drop(handle->descriptor);
  later(handle->free, handle->opaque);
  return 0;
}

int EventLoop::add_timeout(int milliseconds, virEventTimeoutCallback callback, void *opaque, virFreeCallback free) {
  auto timer = std::make_shared<Timer>();
  timer->milliseconds = milliseconds;
  timer->callback = callback;
  timer->opaque = opaque;
  timer->free = free;
  const std::lock_guard lock(mutex_);
  timer->id = next_id_++;
  timers_[timer->id] = timer;
  arm(timer);
  return timer->id;
}

void EventLoop::update_timeout(int timer, int milliseconds) {
  const std::lock_guard lock(mutex_);
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  found->second->milliseconds = milliseconds;
  arm(found->second);
}

int EventLoop::remove_timeout(int timer) {
  const std::lock_guard lock(mutex_);
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return -1;
  const std::shared_ptr<Timer> removed = found->second;
  timers_.erase(found);
  removed->removed = true;
  ++removed->generation;
  if (removed->timer) removed->timer->cancel();
  later(removed->free, removed->opaque);
  return 0;
}

}  // namespace kmodtest::vm
