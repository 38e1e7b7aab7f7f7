// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/header_numbers.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/module_lookup.hpp"
#include "plan/steps/device_bytes.hpp"

namespace kmodtest::plan {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestHeader = 1024;
constexpr std::size_t kLongestExpression = 256;
constexpr std::string_view kOfNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/// Returns whether a text can stand between the brackets of #include.
bool is_name_of_system(std::string_view text) {
  const std::string allowed = std::string(kOfNames) + "/.-+";
  return text.size() > 2 && text.front() == '<' && text.back() == '>' &&
         text.substr(1, text.size() - 2).find_first_not_of(allowed) == std::string_view::npos;
}

/// Returns whether a text is just an expression: without a statement, a second line or a text in double quotes.
bool is_expression(std::string_view text) {
  const std::string allowed = std::string(kOfNames) + " '()+-*/%|&^~<>,.!?:";
  return !text.empty() && text.size() <= kLongestExpression &&
         text.find_first_not_of(allowed) == std::string_view::npos;
}

/// Returns the places of a header, best first: the plan's folder, those of the modules.
std::vector<fs::path> candidates_of(const std::string &header, const Places &places,
                                    const std::vector<ModuleSource> &modules) {
  std::vector<fs::path> found{(places.folder / header).lexically_normal()};
  for (const ModuleSource &module : modules) {
    if (module.kind != ModuleSource::Kind::folder) continue;
    found.push_back((module.path / header).lexically_normal());
    if (!module.build.tree.empty()) found.push_back((module.build.tree / header).lexically_normal());
  }
  return found;
}

/// Returns the header as #include takes it; reports one that there is not.
std::optional<std::string> find_header(const std::string &header, StepInput &in) {
  if (is_name_of_system(header)) return header;
  if (header.empty() || header.size() > kLongestHeader || header.find_first_of("\"\n\\") != std::string::npos) {
    in.reader.error(Code::bad_text, "header",
                    "this cannot be the name of a header (e.g. my_device.h, or <linux/fs.h>)");
    return std::nullopt;
  }
  const Places nowhere;
  const Places &places = in.scope.places != nullptr ? *in.scope.places : nowhere;
  bool is_outside = false;
  for (const fs::path &file : candidates_of(header, places, in.modules)) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) continue;
    const bool is_of_module = std::any_of(in.modules.begin(), in.modules.end(), [&](const ModuleSource &module) {
      const fs::path inside = file.lexically_relative(module.path);
      return !inside.empty() && *inside.begin() != "..";
    });
    if (is_of_module || places.allow(file)) return file.string();
    is_outside = true;
  }
  if (is_outside) {
    in.reader.error(Code::outside_of_folder, "header",
                    fmt::format("the header {} is outside of the plan's folder and of the modules' (--modules DIR "
                                "allows another one)",
                                quote(header)));
  } else {
    in.reader.error(Code::no_such_file, "header",
                    fmt::format("there is no header {} next to the plan or in the folder of a module", quote(header)));
  }
  return std::nullopt;
}

/// Returns the expression of a key; empty if it is a number, or after a problem.
std::string expression_of(const char *key, StepInput &in) {
  const auto text = in.reader.text(key);
  if (!text || plain_number(*text)) return {};
  if (is_expression(*text)) return *text;
  in.reader.error(Code::bad_step, key, fmt::format("{} is neither a number nor an expression of C", quote(*text)));
  return {};
}

}  // namespace

std::optional<HeaderNumbers> read_header_numbers(StepInput &in) {
  const auto header = in.reader.text("header");
  if (!header) return std::nullopt;
  auto found = find_header(*header, in);
  if (!found) return std::nullopt;
  HeaderNumbers numbers{
      .header = std::move(*found), .request = expression_of("request", in), .number = expression_of("number", in)};
  return numbers;
}

void fill_in_numbers(
    Step &step,
    const std::function<std::uint64_t(const std::string &header, const std::string &expression)> &value_of) {
  auto *call = step.guest ? std::get_if<wire::Ioctl>(&step.guest->body) : nullptr;
  if (!step.numbers || call == nullptr) return;
  HeaderNumbers &names = *step.numbers;
  if (!names.request.empty()) call->request = value_of(names.header, std::exchange(names.request, {}));
  if (!names.number.empty()) call->number = value_of(names.header, std::exchange(names.number, {}));
  make_room(*call);
}

}  // namespace kmodtest::plan
