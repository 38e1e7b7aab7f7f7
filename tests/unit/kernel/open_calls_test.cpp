// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/open_calls.hpp"

#include <gtest/gtest.h>
#include <initializer_list>
#include <string>
#include <vector>

#include "kernel/modules/module_info.hpp"

namespace kmodtest::kernel {
namespace {

/// Returns "undo() for makes()"; empty if the module takes back all that it makes. The kernel exports what it imports,
/// and `exported`.
std::string open_call_of(std::vector<std::string> imports, std::initializer_list<const char *> exported = {}) {
  ModuleInfo module;
  module.undefined_symbols = std::move(imports);
  Exports exports;
  for (const std::string &symbol : module.undefined_symbols) exports[symbol] = {};
  for (const char *symbol : exported) exports[symbol] = {};
  const auto call = open_call(module, exports);
  return call ? call->undo + "() for " + call->makes + "()" : std::string();
}

TEST(OpenCalls, TheNameFollowsFromTheOneThatRegisters) {
  EXPECT_EQ(open_call_of({"register_netdevice_notifier"}, {"unregister_netdevice_notifier"}),
            "unregister_netdevice_notifier() for register_netdevice_notifier()");
  EXPECT_EQ(open_call_of({"nf_register_net_hook"}, {"nf_unregister_net_hook"}),
            "nf_unregister_net_hook() for nf_register_net_hook()");
  EXPECT_EQ(open_call_of({"misc_register"}, {"misc_deregister"}), "misc_deregister() for misc_register()");
  EXPECT_EQ(open_call_of({"__register_chrdev"}, {"__unregister_chrdev"}), "unregister_chrdev() for register_chrdev()");
}

TEST(OpenCalls, WhatWasAddedToTheNameIsLeftOut) {
  EXPECT_EQ(open_call_of({"power_supply_register_no_ws"}, {"power_supply_unregister"}),
            "power_supply_unregister() for power_supply_register_no_ws()");
  EXPECT_EQ(open_call_of({"thermal_zone_device_register_with_trips"},
                         {"thermal_zone_unregister", "thermal_zone_device_unregister"}),
            "thermal_zone_device_unregister() for thermal_zone_device_register_with_trips()");
  EXPECT_EQ(open_call_of({"register_other"}, {"unregister"}), "") << "that would be for anything";
}

TEST(OpenCalls, AFunctionThatTheKernelDoesNotHaveIsNeverNamed) {
  EXPECT_EQ(open_call_of({"register_of_no_counterpart"}), "");
  EXPECT_EQ(open_call_of({"register_netdevice_notifier"}), "");
}

TEST(OpenCalls, SomeNamesFollowNoRule) {
  EXPECT_EQ(open_call_of({"__request_region"}), "release_region() for request_region()");
  EXPECT_EQ(open_call_of({"register_sysctl"}), "unregister_sysctl_table() for register_sysctl()");
  EXPECT_EQ(open_call_of({"snd_card_register"}), "snd_card_free() for snd_card_register()");
}

TEST(OpenCalls, WhatIsTakenBackIsNotOpen) {
  EXPECT_EQ(open_call_of({"__request_region", "__release_region", "misc_register", "misc_deregister"}), "");
  EXPECT_EQ(open_call_of({"snd_card_new", "snd_card_register", "snd_card_free"}), "");
  EXPECT_EQ(open_call_of({"tty_port_register_device", "tty_unregister_device"}), "");
  EXPECT_EQ(open_call_of({"tty_port_register_device", "tty_port_unregister_device"}), "") << "either is right";
  EXPECT_EQ(open_call_of({"__register_binfmt", "unregister_binfmt", "pps_register_source"}, {"pps_unregister_source"}),
            "pps_unregister_source() for pps_register_source()");
}

TEST(OpenCalls, WhatBelongsToADeviceIsTakenBackWithIt) {
  EXPECT_EQ(open_call_of({"devm_watchdog_register_device"}, {"devm_watchdog_unregister_device"}), "");
}

TEST(OpenCalls, OnlyTheWordRegisterRegisters) {
  EXPECT_EQ(open_call_of({"rt_init_registers", "is_registered", "unregister_key_type", "preregister_it"},
                         {"rt_init_unregisters", "is_unregistered", "preunregister_it"}),
            "");
}

}  // namespace
}  // namespace kmodtest::kernel
