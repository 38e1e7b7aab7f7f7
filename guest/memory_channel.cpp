// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory_channel.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "stream_channel.hpp"

namespace kmodtest::guest {
namespace {

constexpr useconds_t kRetry = 100'000;

// The machine's clock (RTC): one port selects the register, the other reads it.
constexpr unsigned short kClockIndex = 0x70;
constexpr unsigned short kClockData = 0x71;
constexpr unsigned char kClockSeconds = 0;

unsigned long read_hex(const std::string &path) {
  return std::strtoul(read_line(path.c_str()).c_str(), nullptr, 16);
}

/// Returns the sysfs folder of the device; empty if it does not answer. A plan can have devices of the same kind.
std::string find_device() {
  std::string folder = std::string("/sys/bus/pci/devices/") + wire::kSharedMemoryAddress;
  const bool answers = read_hex(folder + "/vendor") == wire::kSharedMemoryVendor &&
                       read_hex(folder + "/device") == wire::kSharedMemoryDevice;
  return answers ? folder : "";
}

/// Keeps the device from drivers under test that are for its kind: no driver has this name.
void reserve(const std::string &device) {
  const base::Descriptor driver(::open((device + "/driver_override").c_str(), O_WRONLY | O_CLOEXEC));
  if (driver) write_all(driver.get(), "kmodtest");
}

}  // namespace

wire::SharedMemory MemoryChannel::map_device() {
  for (bool complained = false;; ::usleep(kRetry)) {
    const std::string folder = find_device();
    reserve(folder);
    // BAR 2 is the memory; sysfs maps it once the device answers to memory accesses.
    const base::Descriptor enable(::open((folder + "/enable").c_str(), O_WRONLY | O_CLOEXEC));
    if (enable) write_all(enable.get(), "1");
    const base::Descriptor memory(::open((folder + "/resource2").c_str(), O_RDWR | O_CLOEXEC));
    // The size of that file is the size of the memory.
    struct ::stat status = {};
    const std::size_t size =
        memory && ::fstat(memory.get(), &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
    void *mapped = size > 0 ? ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0) : MAP_FAILED;
    if (mapped != MAP_FAILED) return wire::SharedMemory(mapped, size);
    if (!complained) complain(describe_error("cannot map the memory shared with the controller", errno));
    complained = true;
  }
}

namespace {

/// Reads the machine's clock, where QEMU looks at what the agent wants (emulator/main_loop_gate.cpp).
void read_clock() {
  if (::ioperm(kClockIndex, 2, 1) != 0) return;
  ::outb(kClockSeconds, kClockIndex);
  ::inb(kClockData);
}

}  // namespace

MemoryChannel::MemoryChannel(bool virtual_time) : memory_(map_device()), virtual_time_(virtual_time) {
  if (virtual_time_) memory_.set_settling(wire::Settling::coming);
}

void MemoryChannel::send(std::string frame) {
  memory_.add_reports(frame);
}

std::optional<wire::Frame> MemoryChannel::next_frame(std::string *error) {
  if (broken_) return std::nullopt;
  const std::string_view requests = memory_.requests();
  if (requests.size() > taken_) {
    decoder_.feed(requests.substr(taken_));
    taken_ = requests.size();
  }
  std::optional<wire::Frame> frame = decoder_.next();
  if (!frame && !decoder_.error().empty()) {
    *error = decoder_.error();
    broken_ = true;
  }
  return frame;
}

void MemoryChannel::rest() {
  // Under virtual time QEMU holds the CPU in this read (emulator/main_loop_gate.cpp): we continue with exactly the next
  // instruction, however long the controller took. Otherwise the read returns at once, and nothing is held.
  if (!virtual_time_) return;
  memory_.set_rest(wire::Rest::wanted);
  read_clock();
  if (memory_.rest() == wire::Rest::wanted) memory_.set_rest(wire::Rest::refused);
}

void MemoryChannel::settle() {
  if (!virtual_time_) return;
  memory_.set_settling(wire::Settling::wanted);
  read_clock();
  if (memory_.settling() == wire::Settling::wanted) memory_.set_settling(wire::Settling::over);
  sleep_until(Time((now() / kSettle + 2) * kSettle));
  memory_.set_settling(wire::Settling::over);
}

std::unique_ptr<Channel> open_channel(const std::string &kind, bool virtual_time) {
  if (kind == "memory") return std::make_unique<MemoryChannel>(virtual_time);
  return std::make_unique<StreamChannel>(kind);
}

}  // namespace kmodtest::guest
