// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/open_calls.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <vector>

#include "kernel/modules/module_info.hpp"

namespace kmodtest::kernel {
namespace {

constexpr std::string_view kRegister = "register";

/// What takes back what a function makes, where the names do not follow the rules of undo_candidates().
struct Counterpart {
  std::string_view makes;
  std::string_view undo;
};
constexpr Counterpart kCounterparts[] = {
    {"request_region", "release_region"},
    {"request_threaded_irq", "free_irq"},
    {"register_sysctl", "unregister_sysctl_table"},
    {"register_sysctl_sz", "unregister_sysctl_table"},
    {"register_net_sysctl", "unregister_net_sysctl_table"},
    {"register_net_sysctl_sz", "unregister_net_sysctl_table"},
    {"register_netdevice", "unregister_netdevice_queue"},
    {"cfg80211_register_netdevice", "cfg80211_unregister_wdev"},
    {"i2c_register_driver", "i2c_del_driver"},
    {"spi_register_driver", "driver_unregister"},
    {"scsi_register_driver", "driver_unregister"},
    {"scsi_register_interface", "class_interface_unregister"},
    {"snd_card_register", "snd_card_free"},
    {"mtd_device_parse_register", "mtd_device_unregister"},
    {"phy_device_register", "phy_device_remove"},
    {"clk_register_clkdev", "clkdev_drop"},
    {"clk_hw_register_clkdev", "clkdev_drop"},
    {"tty_port_register_device", "tty_unregister_device"},
    {"tty_port_register_device_attr", "tty_unregister_device"},
    {"cdev_add", "cdev_del"},
    {"gpiochip_add_data_with_key", "gpiochip_remove"},
    {"kobject_create_and_add", "kobject_put"},
    {"kobject_init_and_add", "kobject_put"},
    {"class_create", "class_destroy"},
    {"cpuhp_setup_state", "cpuhp_remove_state"},
    {"init_srcu_struct", "cleanup_srcu_struct"},
    {"percpu_counter_init", "percpu_counter_destroy"},
    {"add_disk", "del_gendisk"},
    {"device_add_disk", "del_gendisk"},
    {"perf_event_create_kernel_counter", "perf_event_release_kernel"},
};

/// Functions with these beginnings take back automatically what they make, together with the device.
constexpr std::string_view kManaged[] = {"devm_", "drmm_", "pcim_"};

std::string_view without_underscores(std::string_view name) {
  return name.substr(std::min(name.find_first_not_of('_'), name.size()));
}

/// Returns where "register" is a word of its own in a name; npos if it is none.
std::size_t word_register(std::string_view name) {
  const std::size_t at = name.find(kRegister);
  if (at == std::string_view::npos || (at > 0 && name[at - 1] != '_')) return std::string_view::npos;
  const std::size_t end = at + kRegister.size();
  return end == name.size() || name[end] == '_' ? at : std::string_view::npos;
}

/// Returns what can take back what a function registers, the most likely first: "tty_port_unregister_device_attr",
/// "tty_port_unregister_device", … "tty_port_deregister" for "tty_port_register_device_attr".
std::vector<std::string> undo_candidates(std::string_view makes) {
  std::vector<std::string> candidates;
  const std::size_t at = word_register(makes);
  if (at == std::string_view::npos) return candidates;
  for (const std::string_view prefix : {"un", "de"}) {
    const std::string name = std::string(makes).insert(at, prefix);
    const std::size_t shortest = at + prefix.size() + kRegister.size();
    // "unregister" alone says nothing of what.
    for (std::size_t end = name.size(); end > shortest || (at > 0 && end == shortest); end = name.rfind('_', end - 1))
      candidates.push_back(name.substr(0, end));
  }
  return candidates;
}

bool has(const std::vector<std::string> &symbols, std::string_view wanted) {
  return std::any_of(symbols.begin(), symbols.end(),
                     [wanted](const std::string &one) { return without_underscores(one) == wanted; });
}

bool exported(const Exports &exports, const std::string &name) {
  return exports.contains(name) || exports.contains("_" + name) || exports.contains("__" + name);
}

/// Returns what the module has to call to take back what `makes` makes; empty if that is not known, or if it calls it.
std::string missing_undo(std::string_view makes, const std::vector<std::string> &imports, const Exports &exports) {
  const auto starts = [makes](std::string_view beginning) { return makes.starts_with(beginning); };
  if (std::any_of(std::begin(kManaged), std::end(kManaged), starts)) return {};
  const std::vector<std::string> candidates = undo_candidates(makes);
  if (std::any_of(candidates.begin(), candidates.end(), [&](const auto &one) { return has(imports, one); })) return {};
  for (const Counterpart &one : kCounterparts)
    if (one.makes == makes) return has(imports, one.undo) ? std::string() : std::string(one.undo);
  const auto known = std::find_if(candidates.begin(), candidates.end(),
                                  [&](const std::string &one) { return exported(exports, one); });
  return known == candidates.end() ? std::string() : *known;
}

}  // namespace

std::string words(const OpenCall &call) {
  return fmt::format("{}() is missing: the module calls {}()", call.undo, call.makes);
}

std::optional<OpenCall> open_call(const ModuleInfo &module, const Exports &exports) {
  for (const std::string &symbol : module.undefined_symbols) {
    const std::string_view makes = without_underscores(symbol);
    if (std::string undo = missing_undo(makes, module.undefined_symbols, exports); !undo.empty())
      return OpenCall{.makes = std::string(makes), .undo = std::move(undo)};
  }
  return std::nullopt;
}

}  // namespace kmodtest::kernel
