// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/schedule_options.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/core.h>
#include <random>
#include <string_view>

#include "base/error.hpp"
#include "text/number.hpp"

namespace kmodtest::cli {

namespace {

constexpr int kMostRepeats = 10'000;
constexpr int kMostRetries = 100;
constexpr int kMostShards = 1'000;

int number_between(const char *option, const std::string &text, int least, int most) {
  const auto value = text::whole_number<int>(text);
  if (!value || text.starts_with('-') || *value < least || *value > most) {
    throw base::UsageError(base::Code::bad_option_value,
                           fmt::format("{} takes a number from {} to {}, not '{}'", option, least, most, text));
  }
  return *value;
}

std::uint64_t seed(const std::string &text) {
  if (text == "random") return std::random_device{}();
  const auto value = text::whole_number<std::uint64_t>(text);
  if (!value)
    throw base::UsageError(base::Code::bad_option_value,
                           fmt::format("--shuffle takes a number or 'random', not '{}'", text));
  return *value;
}

}  // namespace

void ScheduleOptions::add_to(CLI::App &app) {
  app.add_option("-j,--jobs", jobs, "guests at once (default: as many as the machine has cores and memory for)")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  app.add_flag("--fail-fast", fail_fast, "start no further case after one that did not pass");
  app.add_option("--retries", retries, "run a case that did not pass up to N more times; it is flaky if it then passes")
      ->type_name("N");
  app.add_flag("--flaky-fails", flaky_fails, "count flaky cases as not passed: exit 1");
  app.add_option("--repeat", repeat, "run each case N times")->type_name("N");
  app.add_option("--shuffle", shuffle, "run the cases in an order derived from this number, or a 'random' one")
      ->type_name("SEED");
  app.add_flag("--as-given", as_given, "run the cases in the order in which they are given")->excludes("--shuffle");
  app.add_option("--shard", shard, "run only the Kth of N parts of the cases, which take about equally long")
      ->type_name("K/N");
}

void ScheduleOptions::apply_to(run::RunOptions &options) const {
  options.workers = jobs;
  options.fail_fast = fail_fast;
  options.flaky_fails = flaky_fails;
  options.as_given = as_given;
  if (repeat) options.repeats = number_between("--repeat", *repeat, 1, kMostRepeats);
  if (retries) options.retries = number_between("--retries", *retries, 0, kMostRetries);
  if (shuffle) options.shuffle_seed = seed(*shuffle);
}

std::optional<run::Shard> ScheduleOptions::wanted_shard() const {
  if (!shard) return std::nullopt;
  const std::string_view text = *shard;
  const std::size_t slash = std::min(text.find('/'), text.size());
  const int which = text::whole_number<int>(text.substr(0, slash)).value_or(0);
  const int of = text::whole_number<int>(text.substr(std::min(slash + 1, text.size()))).value_or(0);
  if (of > kMostShards || which < 1 || which > of) {
    throw base::UsageError(
        base::Code::bad_option_value,
        fmt::format("--shard takes K/N with K from 1 to N and N up to {}, such as 2/4, not '{}'", kMostShards, text));
  }
  return run::Shard{which, of};
}

}  // namespace kmodtest::cli
