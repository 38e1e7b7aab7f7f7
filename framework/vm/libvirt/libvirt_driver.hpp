// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/asio.hpp"
#include "vm/child_reaper.hpp"
#include "vm/guest.hpp"
#include "vm/libvirt/capabilities_cache.hpp"
#include "vm/libvirt/libvirt_handles.hpp"
#include "vm/run_root.hpp"

namespace kmodtest::vm {

/// libvirt's events about one machine. Exists as long as there is a listener.
struct MachineWatch {
  std::mutex mutex;
  GuestState state = GuestState::running;
  std::function<void(GuestState)> callback;
  /// Read when the machine stopped on its own: a panic that ended in a reboot is a crash.
  std::filesystem::path console;
  std::uintmax_t console_start = 0;  ///< where the output since the last restore begins

  /// While it is true, a reported crash is ignored: it happened before the restore.
  bool restoring = false;

  /// The guest asked for the end of the machine: a reset, or power off. The end follows.
  bool guest_ends_it = false;

  /// Changes the state, and calls the callback if it is a change. A crash stays a crash.
  void change(GuestState to);
};

/// A connection with everything that it needs: the loop, the reaper, the root, the threads for blocking calls. Shared
/// by the hypervisor and its guests, so that a guest can outlive the hypervisor.
class LibvirtDriver {
 public:
  /// Opens the connection. Blocks for some milliseconds. Throws base::Error.
  LibvirtDriver(base::asio::io_context &io, const HypervisorOptions &options);
  ~LibvirtDriver();
  LibvirtDriver(const LibvirtDriver &) = delete;
  LibvirtDriver &operator=(const LibvirtDriver &) = delete;

  virConnectPtr connection() const { return connection_.get(); }
  base::asio::thread_pool &blocking() { return blocking_; }
  RunRoot &root() { return *root_; }
  bool embedded() const { return embedded_; }
  const std::string &uri() const { return uri_; }
  const std::string &qemu_version() const { return qemu_version_; }
  /// Returns QEMU, or under the embedded driver the wrapper that becomes it.
  const std::filesystem::path &emulator() const { return emulator_; }
  /// Returns the library that QEMU is started with under virtual time, at a path that QEMU can read.
  const std::filesystem::path &main_loop_gate() const { return main_loop_gate_; }

  /// Returns why the memory of saved guests cannot be kept apart; empty: it can.
  const std::string &why_memory_is_not_apart() const { return why_memory_is_not_apart_; }
  const EmulatorHelp &emulator_help() const { return help_; }

  std::shared_ptr<MachineWatch> watch(const std::string &machine);
  void unwatch(const std::string &machine);
  int next_number();

  /// Keeps libvirt's capabilities of QEMU for the next process. Cheap; call it after starting a guest.
  void save_capabilities() noexcept;

 private:
  void find_help(const std::filesystem::path &qemu);
  void begin_early();
  static int on_event(virConnectPtr, virDomainPtr domain, int event, int detail, void *self);

  std::string uri_;
  bool embedded_;
  std::string qemu_version_;
  std::string why_memory_is_not_apart_;
  EmulatorHelp help_;
  std::filesystem::path emulator_, main_loop_gate_;
  std::unique_ptr<CapabilitiesCache> capabilities_;  // null: none is kept
  std::shared_ptr<RunRoot> root_;
  std::unique_ptr<ChildReaper> reaper_;
  base::asio::thread_pool blocking_;
  Connection connection_;
  int event_subscription_ = -1;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<MachineWatch>> watches_;
  int machines_ = 0;
  bool capabilities_saved_ = false;
};

/// Returns whether the URI means the embedded driver. Throws base::Error for another machine or another hypervisor than
/// QEMU.
bool check_uri(const std::string &uri);

}  // namespace kmodtest::vm
