// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/select/history.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "outcome/timings.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "text/json.hpp"

namespace kmodtest::run {

namespace {

namespace fs = std::filesystem;
using Json = text::SortedJson;

constexpr const char *kSchema = "kmodtest-history";
constexpr int kVersion = 2;
constexpr int kFirstVersion = 1;         ///< had fewer runs of each case, and is read as well
constexpr std::size_t kPathDigits = 16;  ///< of a path's digest

fs::path whole_path(const fs::path &path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  return (error ? path : whole).lexically_normal();
}

/// Returns nothing unless the whole record has the format that we write.
std::optional<CaseRecord> record_of(const Json &json) {
  CaseRecord record;
  const auto seconds = json.find("seconds");
  const auto outcomes = json.find("outcomes");
  const auto updated = json.find("updated");
  if (seconds == json.end() || outcomes == json.end() || updated == json.end()) return std::nullopt;
  if (!seconds->is_array() || !outcomes->is_array() || !updated->is_number_integer()) return std::nullopt;
  if (seconds->empty() || seconds->size() > History::kRuns || seconds->size() != outcomes->size()) return std::nullopt;
  for (const Json &each : *seconds) {
    if (!each.is_number() || !std::isfinite(each.get<double>()) || each.get<double>() < 0) return std::nullopt;
    record.seconds.push_back(each.get<double>());
  }
  for (const Json &each : *outcomes) {
    const auto outcome = each.is_string() ? judge::outcome_named(each.get<std::string>()) : std::nullopt;
    if (!outcome) return std::nullopt;
    record.outcomes.push_back(*outcome);
  }
  record.updated = updated->get<std::int64_t>();
  return record;
}

bool is_known(const Json &version) {
  if (!version.is_number_integer()) return false;
  const auto number = version.get<std::int64_t>();
  return number == kVersion || number == kFirstVersion;
}

template <class Value>
void keep_last(std::vector<Value> &values, std::size_t number) {
  if (values.size() <= number) return;
  values.erase(values.begin(), values.end() - static_cast<std::ptrdiff_t>(number));
}

/// Appends later runs to earlier ones.
void append(CaseRecord &record, const CaseRecord &later) {
  record.seconds.insert(record.seconds.end(), later.seconds.begin(), later.seconds.end());
  record.outcomes.insert(record.outcomes.end(), later.outcomes.begin(), later.outcomes.end());
  record.updated = std::max(record.updated, later.updated);
  keep_last(record.seconds, History::kRuns);
  keep_last(record.outcomes, History::kRuns);
}

}  // namespace

std::string history_key(const plan::Case &test_case, const fs::path &root) {
  storage::Sha256 digest;
  const fs::path whole = whole_path(test_case.plan_file.empty() ? test_case.input : test_case.plan_file);
  const fs::path inside = root.empty() ? fs::path() : whole.lexically_relative(whole_path(root));
  const bool is_inside = !inside.empty() && *inside.begin() != "..";
  digest.field(is_inside ? inside.string() : whole.string());
  return digest.hex().substr(0, kPathDigits) + " " + test_case.id;
}

bool can_be_history(const fs::path &file) {
  constexpr std::string_view kBegin = "{\"cases\":";  // of what save() writes: its keys are sorted
  std::error_code none;
  if (!fs::exists(file, none)) return true;
  const std::string text = storage::read_whole_file(file);
  const std::string begin = text.substr(0, text.find_last_not_of(" \t\r\n") + 1).substr(0, kBegin.size());
  return kBegin.starts_with(begin) || begin == "{}";
}

History::History(fs::path file, fs::path root)
    : file_(std::move(file)), root_(std::move(root)), records_(read(file_)) {}

const CaseRecord *History::find(const plan::Case &test_case) const {
  const auto found = records_.find(key_of(test_case));
  return found == records_.end() ? nullptr : &found->second;
}

std::optional<outcome::Seconds> History::expected(const plan::Case &test_case) const {
  const CaseRecord *record = find(test_case);
  if (record == nullptr) return std::nullopt;
  std::vector<double> last = record->seconds;
  keep_last(last, kExpects);
  return outcome::Seconds(outcome::median(std::move(last)));
}

void History::add(const plan::Case &test_case, outcome::Seconds took, judge::Outcome outcome, Time at) {
  add(key_of(test_case), took, outcome, at);
}

void History::add(const std::string &key, outcome::Seconds took, judge::Outcome outcome, Time at) {
  CaseRecord run;
  run.seconds = {std::max(0.0, took.count())};
  run.outcomes = {outcome};
  run.updated = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  append(added_[key], run);
}

fs::path History::lock_file() const {
  if (root_.empty()) return file_.parent_path() / "locks" / "history.lock";
  return file_.parent_path() / ("." + file_.filename().string() + ".lock");
}

bool History::save() {
  if (added_.empty()) return true;
  try {
    if (file_.has_parent_path()) storage::make_folder(file_.parent_path());
    const storage::FileLock lock(lock_file());
    Records records = read(file_);
    for (const auto &[key, runs] : added_) append(records[key], runs);
    keep_the_newest(records);
    Json cases = Json::object();
    for (const auto &[key, record] : records) {
      std::vector<std::string> outcomes;
      for (const judge::Outcome outcome : record.outcomes) outcomes.emplace_back(judge::outcome_name(outcome));
      cases[key] = {{"seconds", record.seconds}, {"outcomes", outcomes}, {"updated", record.updated}};
    }
    const Json whole = {{"schema", kSchema}, {"version", kVersion}, {"cases", std::move(cases)}};
    storage::write_whole_file(file_, text::json_text(whole) + "\n");
  } catch (const base::Error &) {
    return false;
  }
  added_.clear();
  return true;
}

History::Records History::read(const fs::path &file) {
  Records records;
  std::string text;
  try {
    text = storage::read_whole_file(file);
  } catch (const base::Error &) {
    return records;
  }
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("schema", Json()) != kSchema || !is_known(json.value("version", Json()))) {
    return records;
  }
  const auto cases = json.find("cases");
  if (cases == json.end() || !cases->is_object()) return records;
  for (const auto &[key, value] : cases->items()) {
    if (!value.is_object()) continue;
    if (auto record = record_of(value)) records.emplace(key, std::move(*record));
  }
  return records;
}

void History::keep_the_newest(Records &records) const {
  const std::size_t most = root_.empty() ? kCases : kCasesOfProject;
  if (records.size() <= most) return;
  std::set<std::pair<std::int64_t, std::string>> by_age;
  for (const auto &[key, record] : records) by_age.emplace(record.updated, key);
  auto oldest = by_age.begin();
  for (std::size_t more = records.size() - most; more > 0; --more, ++oldest) records.erase(oldest->second);
}

}  // namespace kmodtest::run
