// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libvirt/libvirt.h>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/asio.hpp"

namespace kmodtest::vm {

/// libvirt's event loop on an io_context (virEventRegisterImpl). libvirt accepts one implementation per process and
/// never releases it, so the loop is a process-wide object that can change the io_context under its watches: without
/// one the watches rest.
///
/// The functions can be called from any thread; callbacks run on the attached io_context, one at a time.
class EventLoop {
 public:
  /// Returns the process's loop. The first call registers it with libvirt.
  static EventLoop &instance();

  /// Moves all watches to `io`. Throws base::Error if another io_context is attached.
  void attach(base::asio::io_context &io);
  /// Ends one attach(). After the last one no callback runs any more; call it from the io_context's thread or when that
  /// has ended.
  void detach();

  int add_handle(int fd, int events, virEventHandleCallback callback, void *opaque, virFreeCallback free);
  void update_handle(int watch, int events);
  int remove_handle(int watch);
  int add_timeout(int milliseconds, virEventTimeoutCallback callback, void *opaque, virFreeCallback free);
  void update_timeout(int timer, int milliseconds);
  int remove_timeout(int timer);

  EventLoop() = default;  ///< for tests: a loop that libvirt does not know
  EventLoop(const EventLoop &) = delete;
  EventLoop &operator=(const EventLoop &) = delete;

 private:
  using Strand = base::asio::strand<base::asio::io_context::executor_type>;
  struct Handle;
  struct Timer;

  void arm(const std::shared_ptr<Handle> &handle);
  void wait(const std::shared_ptr<Handle> &handle, int event);
  void dispatch(const std::shared_ptr<Handle> &handle, int event, unsigned attachment);
  void arm(const std::shared_ptr<Timer> &timer);
  void later(virFreeCallback free, void *opaque);
  void run_frees();

  std::recursive_mutex mutex_;  // libvirt's free callbacks can call the loop again
  base::asio::io_context *io_ = nullptr;
  std::unique_ptr<Strand> strand_;
  int attached_ = 0;
  unsigned attachment_ = 0;  // counts attachments: late events of an earlier io_context are ignored
  int next_id_ = 1;
  std::map<int, std::shared_ptr<Handle>> handles_;
  std::map<int, std::shared_ptr<Timer>> timers_;
  std::vector<std::pair<virFreeCallback, void *>> frees_;  // to be called for libvirt
};

}  // namespace kmodtest::vm
