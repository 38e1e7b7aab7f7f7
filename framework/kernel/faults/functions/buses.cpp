// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>

#include "kernel/faults/functions/tables.hpp"

namespace kmodtest::kernel {
namespace {

constexpr FaultFunction kBusesFunctions[] = {
    // PCI, memory of devices, USB, I2C, SPI, HID, SCSI.
    {"__pci_register_driver", "pci_register_driver", Failure::error, ENOMEM},
    {"pci_enable_device", "pci_enable_device", Failure::error, ENOMEM},
    {"pcim_enable_device", "pcim_enable_device", Failure::error, ENOMEM},
    {"pci_request_regions", "pci_request_regions", Failure::error, EBUSY},
    {"pci_request_region", "pci_request_region", Failure::error, EBUSY},
    {"pcim_iomap_regions", "pcim_iomap_regions", Failure::error, ENOMEM},
    {"pci_alloc_irq_vectors", "pci_alloc_irq_vectors", Failure::error, ENOMEM},
    {"pci_alloc_irq_vectors_affinity", "pci_alloc_irq_vectors_affinity", Failure::error, ENOMEM},
    {"pci_enable_msi", "pci_enable_msi", Failure::error, ENOMEM},
    {"pci_iomap", "pci_iomap", Failure::null, ENOMEM},
    {"pci_ioremap_bar", "pci_ioremap_bar", Failure::null, ENOMEM},
    {"pcim_iomap", "pcim_iomap", Failure::null, ENOMEM},
    {"ioremap", "ioremap", Failure::null, ENOMEM},
    {"ioremap_wc", "ioremap_wc", Failure::null, ENOMEM},
    {"ioremap_cache", "ioremap_cache", Failure::null, ENOMEM},
    {"devm_ioremap", "devm_ioremap", Failure::null, ENOMEM},
    {"memremap", "memremap", Failure::null, ENOMEM},
    {"devm_ioremap_resource", "devm_ioremap_resource", Failure::pointer, ENOMEM},
    {"devm_platform_ioremap_resource", "devm_platform_ioremap_resource", Failure::pointer, ENOMEM},
    {"__request_region", "request_region", Failure::null, EBUSY},
    {"__devm_request_region", "devm_request_region", Failure::null, EBUSY},
    {"usb_register_driver", "usb_register", Failure::error, ENOMEM},
    {"usb_register_dev", "usb_register_dev", Failure::error, ENOMEM},
    {"usb_alloc_urb", "usb_alloc_urb", Failure::null, ENOMEM, 1},
    {"usb_submit_urb", "usb_submit_urb", Failure::error, ENOMEM},
    {"usb_alloc_coherent", "usb_alloc_coherent", Failure::null, ENOMEM, 2},
    {"hid_allocate_device", "hid_allocate_device", Failure::pointer, ENOMEM},
    {"__hid_register_driver", "hid_register_driver", Failure::error, ENOMEM},
    {"devm_i2c_add_adapter", "devm_i2c_add_adapter", Failure::error, ENOMEM},
    {"i2c_new_client_device", "i2c_new_client_device", Failure::pointer, ENOMEM},
    {"i2c_new_dummy_device", "i2c_new_dummy_device", Failure::pointer, ENOMEM},
    {"devm_i2c_new_dummy_device", "devm_i2c_new_dummy_device", Failure::pointer, ENOMEM},
    {"i2c_new_ancillary_device", "i2c_new_ancillary_device", Failure::pointer, ENOMEM},
    {"i2c_mux_alloc", "i2c_mux_alloc", Failure::null, ENOMEM},
    {"i2c_mux_add_adapter", "i2c_mux_add_adapter", Failure::error, ENOMEM},
    {"__spi_alloc_controller", "spi_alloc_controller", Failure::null, ENOMEM},
    {"__devm_spi_alloc_controller", "devm_spi_alloc_controller", Failure::null, ENOMEM},
    {"spi_register_controller", "spi_register_controller", Failure::error, ENOMEM},
    {"devm_spi_register_controller", "devm_spi_register_controller", Failure::error, ENOMEM},
    {"spi_new_device", "spi_new_device", Failure::null, ENODEV},
    {"spi_setup", "spi_setup", Failure::error, EINVAL},
    {"hid_add_device", "hid_add_device", Failure::error, ENOMEM},
    {"hid_open_report", "hid_open_report", Failure::error, ENODEV},
    {"hid_hw_start", "hid_hw_start", Failure::error, EIO},
    {"hid_hw_open", "hid_hw_open", Failure::error, EIO},
    {"usb_create_hcd", "usb_create_hcd", Failure::null, ENOMEM},
    {"usb_add_hcd", "usb_add_hcd", Failure::error, ENOMEM},
    {"usb_serial_register_drivers", "usb_serial_register_drivers", Failure::error, ENOMEM},
    {"usb_gadget_probe_driver", "usb_gadget_probe_driver", Failure::error, ENODEV},
    {"usb_gadget_register_driver_owner", "usb_gadget_register_driver", Failure::error, ENODEV},
    {"usb_add_gadget_udc", "usb_add_gadget_udc", Failure::error, ENOMEM},
    {"pci_request_selected_regions", "pci_request_selected_regions", Failure::error, EBUSY},
    {"pcim_request_all_regions", "pcim_request_all_regions", Failure::error, EBUSY},
    {"pci_enable_device_mem", "pci_enable_device_mem", Failure::error, ENOMEM},
    {"pcim_iomap_table", "pcim_iomap_table", Failure::null, ENOMEM},
    {"pcim_iomap_region", "pcim_iomap_region", Failure::pointer, ENOMEM},
    {"devm_ioremap_wc", "devm_ioremap_wc", Failure::null, ENOMEM},
    {"devm_memremap", "devm_memremap", Failure::pointer, ENOMEM},
    {"devm_platform_ioremap_resource_byname", "devm_platform_ioremap_resource_byname", Failure::pointer, ENOMEM},
    {"devm_platform_get_and_ioremap_resource", "devm_platform_get_and_ioremap_resource", Failure::pointer, ENOMEM},
    {"of_iomap", "of_iomap", Failure::null, ENOMEM},
    {"ioport_map", "ioport_map", Failure::null, ENOMEM},
    {"devm_ioport_map", "devm_ioport_map", Failure::null, ENOMEM},
    {"scsi_host_alloc", "scsi_host_alloc", Failure::null, ENOMEM},
    {"scsi_add_host_with_dma", "scsi_add_host", Failure::error, ENOMEM},
};

}  // namespace

std::span<const FaultFunction> buses_functions() {
  return kBusesFunctions;
}

}  // namespace kmodtest::kernel
