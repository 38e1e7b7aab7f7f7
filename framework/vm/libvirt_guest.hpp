// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "vm/guest.hpp"
#include "vm/libvirt_driver.hpp"

namespace kmodtest::vm {

/// A machine that libvirt runs for us.
class LibvirtGuest : public Guest {
 public:
  /// Starts the machine; blocks for some 0.3 s, so call it on the driver's pool. Throws base::Error.
  static std::unique_ptr<Guest> start(const std::shared_ptr<LibvirtDriver> &driver, GuestSpec spec,
                                      const std::string &name);
  ~LibvirtGuest() override;

  base::Task<base::UnixSocket> open_channel() override;
  GuestState state() const override;
  void on_state_change(std::function<void(GuestState)> callback) override;
  std::string console() const override;
  std::string xml() const override { return machine_->xml; }
  int qemu_pid() const override { return machine_->qemu_pid; }
  base::Task<> stop() override;

 private:
  struct Machine {
    std::shared_ptr<LibvirtDriver> driver;
    std::string name;
    GuestFiles files;
    std::string xml;
    std::shared_ptr<MachineWatch> watch;
    Domain domain;
    int qemu_pid = 0;
    std::mutex ending;
    bool ended = false;

    ~Machine() { end(); }
    /// Destroys the machine, waits until its QEMU is gone and removes its files. Blocks; may be called again.
    void end() noexcept;
  };

  explicit LibvirtGuest(std::shared_ptr<Machine> machine) : machine_(std::move(machine)) {}
  static int find_qemu(const Machine &machine);

  // Shared with a stop() that is under way on the pool while this object goes.
  std::shared_ptr<Machine> machine_;
  std::string last_console_;
};

}  // namespace kmodtest::vm
