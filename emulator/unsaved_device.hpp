// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Lets QEMU save a guest that has NVMe controllers or USB serial lines, without their registers: QEMU refuses it
/// otherwise. A restored guest has to look for them again (vm::unsaved_devices). Call it on the main loop's thread when
/// the machine is complete. Source: QEMU 10.0, hw/nvme/ctrl.c (nvme_vmstate), hw/usb/dev-serial.c (vmstate_usb_serial).
void save_without_registers(const Qemu &qemu);

/// Does so for one kind of device. Returns false if the table is not that of a device of this name that QEMU refuses to
/// save.
bool save_without_registers(StateDescription &device, const char *name, const StateField *no_fields);

}  // namespace kmodtest::emulator
