// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <libvirt/libvirt.h>
#include <memory>
#include <string>
#include <utility>

#include "base/task.hpp"
#include "vm/accelerator.hpp"
#include "vm/guest.hpp"
#include "vm/libvirt/libvirt_driver.hpp"
#include "vm/libvirt/libvirt_guest.hpp"
#include "vm/topology.hpp"

namespace kmodtest::vm {
namespace {

class LibvirtHypervisor : public Hypervisor {
 public:
  LibvirtHypervisor(base::asio::io_context &io, const HypervisorOptions &options)
      : driver_(std::make_shared<LibvirtDriver>(io, options)), allow_kvm_(options.allow_kvm), cache_(options.cache) {}

  base::Task<std::unique_ptr<Guest>> start(GuestSpec spec, std::string name) override {
    std::shared_ptr<SavedState> nothing;
    co_return co_await start_saved(std::move(spec), std::move(name), std::move(nothing));
  }

  base::Task<std::unique_ptr<Guest>> start_saved(GuestSpec spec, std::string name,
                                                 std::shared_ptr<SavedState> state) override {
    check(spec);
    const std::shared_ptr<LibvirtDriver> driver = driver_;
    std::function<std::unique_ptr<Guest>()> create = [driver, spec = std::move(spec), name = std::move(name),
                                                      state = std::move(state)] {
      return LibvirtGuest::start(driver, spec, name, state.get());
    };
    co_return co_await base::offload<std::unique_ptr<Guest>>(driver->blocking(), std::move(create));
  }

  std::string qemu_version() const override { return driver_->qemu_version(); }
  EmulatorHelp emulator_help() const override { return driver_->emulator_help(); }
  std::string why_memory_is_not_apart() const override { return driver_->why_memory_is_not_apart(); }

  std::string connection() const override {
    unsigned long version = 0;
    virGetVersion(&version, nullptr, nullptr);
    return fmt::format("{} (libvirt {}.{}.{})", driver_->uri(), version / 1000000, version / 1000 % 1000,
                       version % 1000);
  }

  std::string describe() const override {
    std::string text =
        fmt::format("{}, QEMU {}", connection(), driver_->qemu_version().substr(0, driver_->qemu_version().find(' ')));
    if (driver_->root().qemu_user()) text += fmt::format(" as {}", driver_->root().qemu_user()->name);
    const std::string slow = why_memory_is_not_apart();
    if (!slow.empty()) text += fmt::format(", restores all memory ({})", slow);
    const auto known = known_kvm_answer(cache_, driver_->qemu_version());
    return fmt::format("{}, {}", text, accelerator_words(allow_kvm_, kvm_device_error(), known));
  }

  std::string host_cpu() const override {
    static const std::string cpu = [] {
      std::ifstream file("/proc/cpuinfo");
      return vm::host_cpu(std::string(std::istreambuf_iterator<char>(file), {}));
    }();
    return cpu;
  }

 private:
  std::shared_ptr<LibvirtDriver> driver_;
  bool allow_kvm_;
  std::filesystem::path cache_;
};

}  // namespace

std::unique_ptr<Hypervisor> open_hypervisor(base::asio::io_context &io, const HypervisorOptions &options) {
  return std::make_unique<LibvirtHypervisor>(io, options);
}

}  // namespace kmodtest::vm
