// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/missing_features.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/config.hpp"
#include "kernel/kernel.hpp"
#include "text/lines.hpp"

namespace kmodtest::kernel {
namespace {

/// What the names of a subsystem's functions begin with, and the option without which the kernel has none of them.
struct Subsystem {
  std::string_view prefix;
  std::string_view option;
};

constexpr std::array kSubsystems{
    Subsystem{"usb_", "CONFIG_USB"},
    Subsystem{"hid_", "CONFIG_HID"},
    Subsystem{"hidinput_", "CONFIG_HID"},
    Subsystem{"drm_", "CONFIG_DRM"},
    Subsystem{"v4l2_", "CONFIG_VIDEO_DEV"},
    Subsystem{"video_", "CONFIG_VIDEO_DEV"},
    Subsystem{"vb2_", "CONFIG_VIDEO_DEV"},
    Subsystem{"media_", "CONFIG_MEDIA_CONTROLLER"},
    Subsystem{"snd_", "CONFIG_SND"},
    Subsystem{"i2c_", "CONFIG_I2C"},
    Subsystem{"spi_", "CONFIG_SPI"},
    Subsystem{"gpio", "CONFIG_GPIOLIB"},
    Subsystem{"input_", "CONFIG_INPUT"},
    Subsystem{"hwmon_", "CONFIG_HWMON"},
    Subsystem{"backlight_", "CONFIG_BACKLIGHT_CLASS_DEVICE"},
    Subsystem{"led_", "CONFIG_LEDS_CLASS"},
    Subsystem{"ieee80211_", "CONFIG_MAC80211"},
    Subsystem{"cfg80211_", "CONFIG_CFG80211"},
    Subsystem{"wiphy_", "CONFIG_CFG80211"},
    Subsystem{"hci_", "CONFIG_BT"},
    Subsystem{"mmc_", "CONFIG_MMC"},
    Subsystem{"sdio_", "CONFIG_MMC"},
    Subsystem{"power_supply_", "CONFIG_POWER_SUPPLY"},
    Subsystem{"iio_", "CONFIG_IIO"},
    Subsystem{"rc_", "CONFIG_RC_CORE"},
    Subsystem{"can_", "CONFIG_CAN"},
    Subsystem{"serio_", "CONFIG_SERIO"},
    Subsystem{"mtd_", "CONFIG_MTD"},
    Subsystem{"parport_", "CONFIG_PARPORT"},
    Subsystem{"regmap_", "CONFIG_REGMAP"},
    Subsystem{"uart_", "CONFIG_SERIAL_CORE"},
    Subsystem{"phy_", "CONFIG_PHYLIB"},
};

/// Returns the option that a symbol needs; empty if the table does not know it.
std::string_view option_for(std::string_view symbol) {
  for (const std::string_view lead : {"__", "devm_", "of_"}) {
    if (symbol.starts_with(lead)) symbol.remove_prefix(lead.size());
  }
  const auto *found = std::find_if(kSubsystems.begin(), kSubsystems.end(),
                                   [&](const Subsystem &one) { return symbol.starts_with(one.prefix); });
  return found == kSubsystems.end() ? std::string_view() : found->option;
}

void add_between(const std::string &line, std::string_view before, std::string_view after,
                 std::vector<std::string> &found) {
  const auto at = line.find(before);
  if (at == std::string::npos) return;
  const auto begin = at + before.size();
  const auto end = line.find(after, begin);
  if (end != std::string::npos) found.push_back(line.substr(begin, end - begin));
}

}  // namespace

std::vector<std::string> undefined_symbols(std::string_view output) {
  std::vector<std::string> symbols;
  for (const auto &line : text::lines_of(output)) {
    // ERROR: modpost: "usb_register_driver" [/tmp/x.ko] undefined!
    if (line.ends_with("undefined!")) add_between(line, "modpost: \"", "\" [", symbols);
  }
  return symbols;
}

std::vector<std::string> undeclared_functions(std::string_view output) {
  std::vector<std::string> functions;
  for (const auto &line : text::lines_of(output))
    add_between(line, "implicit declaration of function '", "'", functions);
  return functions;
}

std::string hint_for_missing(const std::vector<std::string> &symbols, const Kernel &kernel) {
  const auto config = symbols.empty() ? std::nullopt : read_kernel_config(kernel);
  std::vector<std::string> options;
  for (const auto &symbol : symbols) {
    const std::string option(option_for(symbol));
    const bool known = std::find(options.begin(), options.end(), option) != options.end();
    if (!option.empty() && !known && config && !config->value(option)) options.push_back(option);
  }
  if (options.empty()) return {};
  return fmt::format("the kernel {} was configured without {}", kernel.name, fmt::join(options, ", "));
}

}  // namespace kmodtest::kernel
