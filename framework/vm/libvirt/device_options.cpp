// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/device_options.hpp"

#include <fmt/format.h>
#include <utility>

#include "base/guest_devices.hpp"

namespace kmodtest::vm {
namespace {

using Bus = base::GuestDevice::Bus;

class DeviceOptions {
 public:
  explicit DeviceOptions(const GuestFiles &files) : files_(files) {}

  void add(const base::GuestDevice &device, std::uint64_t bytes) {
    if (device.is_disk) add_image();
    const std::string number = std::to_string(number_ + 1);
    const std::string drive = device.is_disk ? fmt::format(",drive={}", disk_name()) : "";
    std::string words{device.model()};
    switch (device.bus) {
      case Bus::pci:
        if (device.name == "virtio-blk") words += ",ioeventfd=off";
        if (device.name == "nvme") words += ",serial=kmodtest" + number;
        if (device.name == "nvme" && !std::exchange(has_nvme_, true)) words += ",id=kmodtest-nvme";
        add_at_place(words + drive);
        break;
      case Bus::network:
        options_.emplace_back("-netdev", fmt::format("hubport,id=kmodtest-net{},hubid=0", number));
        add_at_place(
            fmt::format("{0},netdev=kmodtest-net{1},mac=52:54:00:00:00:{2:02x},romfile=", words, number, number_ + 1));
        break;
      case Bus::usb:
        add_controller(has_usb_, fmt::format("qemu-xhci,id=kmodtest-usb,{}", place(base::kUsbSlot)));
        if (device.name == "usb-serial") add_line(words);
        add_device(words + ",bus=kmodtest-usb.0" + drive);
        break;
      case Bus::scsi:
        add_controller(has_scsi_,
                       fmt::format("virtio-scsi-pci,id=kmodtest-scsi,ioeventfd=off,{}", place(base::kScsiSlot)));
        add_device(fmt::format("{},bus=kmodtest-scsi.0,scsi-id={}{}", words, number_, drive));
        break;
      case Bus::sata:
        add_device(fmt::format("{},bus=ide.{}{}", words, sata_ports_++, drive));
        break;
      case Bus::sound:
        add_sound(device, number);
        break;
      case Bus::shared_memory:
        options_.emplace_back("-object", fmt::format("memory-backend-ram,id=kmodtest-shared{},size={}", number, bytes));
        add_at_place(fmt::format("{},memdev=kmodtest-shared{},master=on", words, number));
        break;
    }
    ++number_;
  }

  std::vector<QemuOption> take() { return std::move(options_); }

 private:
  static std::string place(int slot) { return fmt::format("bus=pcie.0,addr={:#x}", slot); }
  std::string disk_name() const { return fmt::format("kmodtest-disk{}", number_ + 1); }

  void add_device(std::string words) { options_.emplace_back("-device", std::move(words)); }
  void add_at_place(const std::string &words) { add_device(words + ',' + place(base::kFirstDeviceSlot + number_)); }
  /// Connects a serial line to nothing.
  void add_line(std::string &words) {
    options_.emplace_back("-chardev", fmt::format("null,id=kmodtest-line{}", number_ + 1));
    words += fmt::format(",always-plugged=on,chardev=kmodtest-line{}", number_ + 1);
    if (!std::exchange(has_line_, true)) words += ",id=kmodtest-usb-serial";
  }
  /// `audio1` is libvirt's name for the backend that plays nothing.
  void add_sound(const base::GuestDevice &device, const std::string &number) {
    if (device.name == "AC97") return add_at_place("AC97,audiodev=audio1");
    add_at_place("intel-hda,id=kmodtest-hda" + number);
    add_device(fmt::format("hda-duplex,bus=kmodtest-hda{}.0,audiodev=audio1", number));
  }
  void add_controller(bool &there, std::string words) {
    if (!there) add_device(std::move(words));
    there = true;
  }
  /// Threads read and write the image, not io_uring: emulator/disk_requests.hpp waits for a thread.
  void add_image() {
    options_.emplace_back(
        "-drive", fmt::format("if=none,id={},format=qcow2,cache=unsafe,discard=unmap,aio=threads,file={}", disk_name(),
                              option_value(files_.disks.at(static_cast<std::size_t>(number_)))));
  }

  const GuestFiles &files_;
  std::vector<QemuOption> options_;
  int number_ = 0;
  int sata_ports_ = 0;
  bool has_usb_ = false;
  bool has_scsi_ = false;
  bool has_nvme_ = false;
  bool has_line_ = false;
};

}  // namespace

std::string option_value(const std::filesystem::path &path) {
  std::string value;
  for (const char c : path.string()) value.append(c == ',' ? 2 : 1, c);
  return value;
}

/// Adds an image, but no device: QEMU keeps the state of the machine in any image that can hold one. Loading it changes
/// some words of the image's own tables. So if the file belongs to the store, another image receives these changes (an
/// image within an image): nothing has to be copied, and many guests share the same pages of the host's cache.
///
/// QEMU takes the first image that has a name as a drive, so this has one if the guest has disks. Their contents are
/// saved with the state, each in its own image.
QemuOption state_option(const GuestSpec &spec, const GuestFiles &files) {
  // The emulator wrapper replaces threads by io_uring if the kernel has it.
  const auto file = [](const char *prefix, const std::filesystem::path &path) {
    return fmt::format("{0}driver=file,{0}filename={1},{0}aio=threads", prefix, option_value(path));
  };
  const std::string contents = files.saved.empty()
                                   ? file("file.", files.state)
                                   : fmt::format("file.driver=qcow2,{},{},file.backing.read-only=on",
                                                 file("file.file.", files.state), file("file.backing.", files.saved));
  const std::string words = "driver=qcow2,node-name=kmodtest-state,cache.no-flush=on," + contents;
  if (!has_disks(spec)) return {"-blockdev", words};
  return {"-drive", "if=none,id=kmodtest-saved," + words};
}

std::vector<QemuOption> device_options(const GuestSpec &spec, const GuestFiles &files) {
  DeviceOptions options(files);
  for (const base::ChosenDevice &chosen : spec.devices) {
    if (const base::GuestDevice *device = base::find_guest_device(chosen.name)) options.add(*device, chosen.bytes);
  }
  return options.take();
}

}  // namespace kmodtest::vm
