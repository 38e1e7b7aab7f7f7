// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/schedule.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

#include "text/number.hpp"
#include "wire/schedule_memory.hpp"

namespace kmodtest::plan {
namespace {

constexpr std::string_view kHead = "# kmodtest schedule 1";
constexpr std::string_view kBlanks = " \t\r";
constexpr std::uintmax_t kLargest = 1u << 20;
constexpr std::int64_t kLongestWait = 1'000'000;  // microseconds

using Words = std::vector<std::string_view>;

Words words_of(std::string_view line) {
  line = line.substr(0, line.find('#', line.find(" #") == std::string_view::npos ? line.size() : line.find(" #")));
  Words words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    words.push_back(line.substr(0, line.find_first_of(kBlanks)));
    line.remove_prefix(words.back().size());
  }
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  if (!text.starts_with("0x")) return std::nullopt;
  return text::whole_number<std::uint64_t>(text.substr(2), 16);
}

std::optional<wire::Microseconds> wait_of(std::string_view text) {
  if (!text.ends_with("us")) return std::nullopt;
  const auto number = text::whole_number<std::int64_t>(text.substr(0, text.size() - 2));
  if (!number || *number < 0 || *number > kLongestWait) return std::nullopt;
  return wire::Microseconds(*number);
}

/// "racy:worker+0x34", or an address.
bool read_place(std::string_view text, Schedule::Hold &hold) {
  if (const auto address = hexadecimal(text)) {
    hold.offset = *address;
    return true;
  }
  const std::size_t colon = text.find(':');
  const std::size_t plus = text.rfind('+');
  if (colon == std::string_view::npos || plus == std::string_view::npos || plus < colon + 2) return false;
  const auto offset = hexadecimal(text.substr(plus + 1));
  hold.module = text.substr(0, colon);
  hold.function = text.substr(colon + 1, plus - colon - 1);
  hold.offset = offset.value_or(0);
  return offset.has_value() && !hold.module.empty();
}

class ScheduleReader {
 public:
  /// Returns what is wrong with the line; empty: nothing.
  std::string read(const Words &words) {
    if (words[0] == "module") return read_module(words);
    if (words[0] == "step") return read_delay(words);
    if (words[0] == "at") return read_hold(words);
    return fmt::format("unknown word '{}': a line begins with module, step or at", words[0]);
  }
  Schedule schedule;

 private:
  std::string read_module(const Words &words) {
    const auto address = words.size() == 4 && words[2] == "at" ? hexadecimal(words[3]) : std::nullopt;
    if (!address) return "expected 'module NAME at 0xADDRESS'";
    schedule.modules.push_back({std::string(words[1]), *address});
    return {};
  }

  std::string read_delay(const Words &words) {
    const bool form = words.size() == 4 && words[2] == "wait";
    const auto step = form ? text::whole_number<std::uint32_t>(words[1]) : std::nullopt;
    const auto wait = form ? wait_of(words[3]) : std::nullopt;
    if (!step || *step == 0 || !wait) return "expected 'step NUMBER wait MICROSECONDSus', at most a second";
    schedule.delays.push_back({*step, *wait});
    return {};
  }

  std::string read_hold(const Words &words) {
    Schedule::Hold hold;
    const bool form = words.size() == 6 && words[2] == "time" && words[4] == "wait" && read_place(words[1], hold);
    const auto time = form ? text::whole_number<std::uint64_t>(words[3]) : std::nullopt;
    const auto wait = form ? wait_of(words[5]) : std::nullopt;
    if (!time || *time == 0 || !wait)
      return "expected 'at MODULE:FUNCTION+0xOFFSET time NUMBER wait MICROSECONDSus', at most a second";
    if (schedule.holds.size() == wire::kMostPoints)
      return fmt::format("there are more than {} lines with 'at'", wire::kMostPoints);
    const auto has_name = [&hold](const Schedule::Module &module) { return module.name == hold.module; };
    if (!hold.module.empty() && std::none_of(schedule.modules.begin(), schedule.modules.end(), has_name))
      return fmt::format("no line before this one says where module '{}' was", hold.module);
    hold.time = *time;
    hold.wait = *wait;
    schedule.holds.push_back(std::move(hold));
    return {};
  }
};

}  // namespace

std::string Schedule::Hold::place() const {
  return module.empty() ? fmt::format("{:#x}", offset) : fmt::format("{}:{}+{:#x}", module, function, offset);
}

std::string schedule_text(const Schedule &schedule) {
  std::string text = std::string(kHead) + '\n';
  for (const std::string &line : schedule.about) text += fmt::format("# {}\n", line);
  for (const auto &module : schedule.modules) text += fmt::format("module {} at {:#x}\n", module.name, module.address);
  for (const auto &delay : schedule.delays) text += fmt::format("step {} wait {}us\n", delay.step, delay.wait.count());
  for (const auto &hold : schedule.holds) {
    text += fmt::format("at {} time {} wait {}us", hold.place(), hold.time, hold.wait.count());
    text += hold.source.empty() ? "\n" : fmt::format("  # {}\n", hold.source);
  }
  return text;
}

std::optional<Schedule> parse_schedule(std::string_view text, std::string &problem) {
  if (text.substr(0, text.find_first_of("\r\n")) != kHead) {
    problem = fmt::format("line 1: expected '{}'", kHead);
    return std::nullopt;
  }
  ScheduleReader reader;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const Words words = line.starts_with('#') ? Words() : words_of(line);
    if (words.empty()) continue;
    if (const std::string wrong = reader.read(words); !wrong.empty()) {
      problem = fmt::format("line {}: {}", number, wrong);
      return std::nullopt;
    }
  }
  return std::move(reader.schedule);
}

std::optional<Schedule> read_schedule(const std::filesystem::path &file, std::string &problem) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error) || std::filesystem::file_size(file, error) > kLargest) {
    problem = "there is no such file, or it is too large";
    return std::nullopt;
  }
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return parse_schedule(text, problem);
}

}  // namespace kmodtest::plan
