// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/parameter_setting.hpp"

#include <fmt/format.h>

#include "plan/diagnostics.hpp"
#include "plan/module_lookup.hpp"
#include "text/module_name.hpp"

namespace kmodtest::plan {

Value<ParameterSetting> parse_parameter(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view left = text.substr(0, equals);
  const std::size_t dot = left.find('.');
  ParameterSetting setting;
  setting.name = left.substr(dot == std::string_view::npos ? 0 : dot + 1);
  if (equals != std::string_view::npos) setting.value = text.substr(equals + 1);
  if (dot != std::string_view::npos) setting.module = text::lsmod_name(std::string(left.substr(0, dot)));
  const bool named = dot == std::string_view::npos || is_module_name(setting.module);
  // The names of parameters are C identifiers.
  if (equals != std::string_view::npos && named && is_module_name(setting.name))
    return Value<ParameterSetting>::of(std::move(setting));
  return Value<ParameterSetting>::bad(
      Code::bad_option_value, fmt::format("{} is not of the form NAME=VALUE or MODULE.NAME=VALUE", quote(text)));
}

std::string text_of(const ParameterSetting &setting) {
  const std::string of = setting.module.empty() ? "" : setting.module + ".";
  return fmt::format("{}{}={}", of, setting.name, setting.value);
}

}  // namespace kmodtest::plan
