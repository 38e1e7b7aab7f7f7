// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/parameters.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::run {
namespace {

using Params = std::map<std::string, std::string>;

kernel::ModuleInfo module_with(const std::string &name, std::vector<std::string> parameters) {
  kernel::ModuleInfo info;
  info.name = name;
  info.parameters = std::move(parameters);
  return info;
}

class Parameters : public ::testing::Test {
 protected:
  Parameters() {
    for (const char *name : {"core", "drv"}) load_.modules.push_back(plan::module_to_load(name));
    load_.modules.back().params["debug"] = "0";
  }

  plan::Case with(const std::vector<plan::ParameterSetting> &params) const {
    plan::Case test_case;
    test_case.params = params;
    test_case.steps.emplace_back().guest = wire::Step{.body = load_, .label = "load"};
    test_case.steps.emplace_back().guest =
        wire::Step{.body = wire::Repeat{.modules = load_.modules}, .label = "repeat"};
    return with_parameters(std::move(test_case), modules_);
  }

  std::string error_of(const plan::ParameterSetting &setting) const {
    try {
      with({setting});
    } catch (const base::UsageError &error) {
      return std::string(error.what()) + " | " + error.hint();
    }
    return "";
  }

  static std::vector<Params> params_in(const plan::Case &test_case) {
    std::vector<Params> all;
    for (const auto &module : std::get<wire::Load>(test_case.steps[0].guest->body).modules)
      all.push_back(module.params);
    for (const auto &module : std::get<wire::Repeat>(test_case.steps[1].guest->body).modules)
      all.push_back(module.params);
    return all;
  }

  wire::Load load_;
  std::vector<kernel::ModuleInfo> modules_{module_with("core", {"debug", "size"}), module_with("drv", {"debug"})};
};

TEST_F(Parameters, AreThoseOfEachModuleThatHasThem) {
  EXPECT_EQ(params_in(with({{"", "debug", "2"}, {"", "size", "8"}})),
            (std::vector<Params>{
                {{"debug", "2"}, {"size", "8"}}, {{"debug", "2"}}, {{"debug", "2"}, {"size", "8"}}, {{"debug", "2"}}}));
}

TEST_F(Parameters, CanBeThoseOfOneModule) {
  EXPECT_EQ(params_in(with({{"core", "debug", "2"}})),
            (std::vector<Params>{{{"debug", "2"}}, {{"debug", "0"}}, {{"debug", "2"}}, {{"debug", "0"}}}));
}

TEST_F(Parameters, ThatNoModuleHasAreRefused) {
  EXPECT_EQ(error_of({"", "sise", "1"}), "none of the modules has a parameter 'sise' | correct --param");
  EXPECT_EQ(error_of({"core", "sise", "1"}), "core has no parameter 'sise' | did you mean 'size'?");
  EXPECT_EQ(error_of({"cor", "size", "1"}),
            "there is no module cor for --param cor.size=1 | name one of the modules under test");
}

}  // namespace
}  // namespace kmodtest::run
