// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "vm/console_tail.hpp"
#include "vm/guest.hpp"
#include "vm/libvirt/libvirt_driver.hpp"

namespace kmodtest::vm {

/// A machine that libvirt runs for us.
class LibvirtGuest : public Guest {
 public:
  /// Starts the machine; blocks for about 0.2 s, so call it on the driver's pool. With `saved` it is one that was saved
  /// before: paused until restore() and resume(). Throws base::Error.
  static std::unique_ptr<Guest> start(const std::shared_ptr<LibvirtDriver> &driver, GuestSpec spec,
                                      const std::string &name, SavedState *saved = nullptr);
  ~LibvirtGuest() override;

  base::Task<base::UnixSocket> open_channel() override;
  std::filesystem::path shared_memory() const override { return machine_->files.memory; }
  std::filesystem::path schedule_file() const override { return machine_->files.schedule; }
  std::filesystem::path coverage_file() const override { return machine_->files.coverage; }
  std::filesystem::path race_file() const override { return machine_->files.races; }
  GuestState state() const override;
  void on_state_change(std::function<void(GuestState)> callback) override;
  std::string console() const override;
  std::string xml() const override { return machine_->xml; }
  int qemu_pid() const override { return machine_->qemu_pid; }
  base::Task<> stop() override;
  base::Task<std::filesystem::path> serve_debugger() override;
  base::Task<> pause() override;
  base::Task<> resume() override;
  base::Task<> save(std::function<void(const StateFiles &)> keep) override;
  base::Task<> restore() override;
  base::Task<std::chrono::nanoseconds> cpu_time() override;
  base::Task<> inspect(std::function<void(Inspector &)> look) override;
  base::Task<> dump(std::filesystem::path to) override;

 private:
  struct Machine {
    std::shared_ptr<LibvirtDriver> driver;
    std::string name;
    GuestFiles files;
    std::string xml;
    bool unchecked = false;  // QEMU reads the store's own file of a saved state, not a copy with a verified checksum
    std::shared_ptr<MachineWatch> watch;
    Domain domain;
    int qemu_pid = 0;
    std::uintmax_t console_start = 0;  // the length of the console's output before the last restore
    std::mutex ending;
    bool ended = false;

    ~Machine() { end(); }
    /// Creates the files that QEMU opens.
    void make_files(const GuestSpec &spec, SavedState *saved);
    /// Sets the files from which QEMU can read a saved state; copies them if QEMU cannot read the originals.
    void make_readable(SavedState &saved);
    /// Throws base::Error if the library in QEMU has not written the memory of a guest that was saved.
    void check_saved_memory() const;
    /// Lends QEMU the files of a saved state. Returns false if it cannot open them.
    bool lend(const SavedState &saved);
    /// Destroys the machine and waits until its QEMU has ended. Blocks; can be called repeatedly.
    void destroy(int signal) noexcept;
    /// Destroys the machine and removes its files.
    void end() noexcept;
    void restore();
    std::string console() const { return console_tail(files.console, kConsoleTailBytes, console_start); }
  };

  explicit LibvirtGuest(std::shared_ptr<Machine> machine) : machine_(std::move(machine)) {}
  static int find_qemu(const Machine &machine);
  /// Runs a blocking call on the driver's pool.
  base::Task<> on_pool(std::function<void(Machine &)> call);

  // Shared with a stop() that is still running on the pool when this object is destroyed.
  std::shared_ptr<Machine> machine_;
  std::string last_console_;
};

}  // namespace kmodtest::vm
