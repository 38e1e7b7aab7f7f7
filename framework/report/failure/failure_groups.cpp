// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/failure_groups.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <functional>
#include <set>
#include <string_view>

#include "outcome/result.hpp"
#include "report/failure/failure.hpp"
#include "text/number.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kShownPoints = 6;

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// Returns the text with '#' for each decimal number: times, pids and CPUs differ between points. Keeps words with a
/// digit, and offsets in code ("f2+0x1c").
std::string without_numbers(std::string_view text) {
  std::string shape;
  for (std::size_t at = 0; at < text.size();) {
    const bool begins = is_digit(text[at]) && (at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0);
    const std::size_t end = std::min(text.find_first_not_of("0123456789.", at), text.size());
    if (begins && !text.substr(at).starts_with("0x")) {
      shape += '#';
      at = end;
    } else {
      shape += text[at++];
    }
  }
  return shape;
}

/// Returns what makes a failure the same as another one; empty for a case that went well.
std::string shape_of(const outcome::CaseFinished &finished) {
  const outcome::Result result = outcome::result_of(finished);
  if (outcome::went_well(result)) return {};
  const auto &evidence = finished.verdict.evidence;
  const bool has_step = !evidence.empty() && evidence.front().step.has_value();
  return fmt::format("{} {} {}", outcome::result_name(result), has_step ? std::to_string(*evidence.front().step) : "-",
                     without_numbers(reason(finished)));
}

std::string key_of(const plan::Case &test_case) {
  return test_case.plan_file.string() + '\n' + test_case.plan_name;
}

struct ByNumber {
  bool operator()(const std::string &left, const std::string &right) const {
    const auto a = text::whole_number<long>(left), b = text::whole_number<long>(right);
    return a && b ? *a < *b : left < right;
  }
};
using Values = std::set<std::string, ByNumber>;

std::string joined(const std::vector<std::string> &all) {
  const std::size_t shown = std::min(all.size(), kShownPoints);
  std::string text = fmt::format("{}", fmt::join(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < all.size()) text += fmt::format(" and {} more", all.size() - shown);
  return text;
}

/// Returns "cpus=2, 4" if the points differ in one variable, else their labels' ends ("[cpus=2 cpu=1]").
std::string words_of(const std::vector<const FailureGroups::Member *> &members, const std::vector<std::string> &names) {
  if (names.size() == 1) {
    Values values;
    for (const auto *member : members) values.insert(member->point->at(names.front()));
    return names.front() + "=" + joined({values.begin(), values.end()});
  }
  std::vector<std::string> ends;
  ends.reserve(members.size());
  for (const auto *member : members)
    ends.push_back(member->label.substr(std::min(member->label.find('['), member->label.size())));
  return joined(ends);
}

/// Returns the variables that have several values.
std::vector<std::string> variables(const std::vector<const FailureGroups::Member *> &members) {
  std::map<std::string, std::set<std::string>> values;
  for (const auto *member : members) {
    for (const auto &[name, value] : *member->point) values[name].insert(value);
  }
  std::vector<std::string> names;
  for (const auto &[name, of_name] : values) {
    if (of_name.size() > 1) names.push_back(name);
  }
  return names;
}

}  // namespace

std::size_t FailureGroups::add(const outcome::CaseFinished &finished) {
  const plan::Case &test_case = *finished.test_case;
  const auto number_in = [](std::map<std::string, std::uint32_t> &known, std::string text) {
    return known.try_emplace(std::move(text), static_cast<std::uint32_t>(known.size())).first->second;
  };
  const std::size_t place = members_.size();
  if (failures_.empty()) failures_.emplace(std::string(), 0);
  Member member{.number = finished.number,
                .label = outcome::label(test_case, finished.repeat),
                .plan = number_in(plans_, key_of(test_case)),
                .failure = number_in(failures_, shape_of(finished)),
                .point = &*points_.insert(test_case.point).first};
  if (of_plan_.size() <= member.plan) of_plan_.resize(member.plan + 1);
  of_plan_[member.plan].push_back(place);
  first_of_.try_emplace({member.plan, member.failure}, place);
  members_.push_back(std::move(member));
  return place;
}

const FailureGroups::Member *FailureGroups::first_of(std::size_t place) const {
  const Member &own = members_[place];
  const std::size_t first = first_of_.at({own.plan, own.failure});
  return own.failure == 0 || first == place ? nullptr : &members_[first];
}

std::string FailureGroups::points_of(std::size_t place) const {
  const Member &own = members_[place];
  if (own.failure == 0) return {};
  std::vector<const Member *> plan, here, elsewhere;
  std::set<const Point *> points;
  for (const std::size_t each : of_plan_[own.plan]) {
    const Member *one = &members_[each];
    plan.push_back(one);
    (one->failure == own.failure ? here : elsewhere).push_back(one);
    if (one->failure == own.failure) points.insert(one->point);
  }
  const std::vector<std::string> names = variables(plan);
  if (names.empty() || here.size() < 2) return {};
  // A point where some runs failed is one where it came.
  std::erase_if(elsewhere, [&](const Member *one) { return points.contains(one->point); });
  return "with " + words_of(here, names) + (elsewhere.empty() ? "" : "; not with " + words_of(elsewhere, names));
}

}  // namespace kmodtest::report
