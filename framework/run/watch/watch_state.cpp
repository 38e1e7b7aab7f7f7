// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/watch/watch_state.hpp"

#include <algorithm>

namespace kmodtest::run {

WatchState::Key WatchState::key_of(const plan::Case &test_case) {
  return {(test_case.plan_file.empty() ? test_case.input : test_case.plan_file).string(), test_case.id};
}

bool WatchState::failed(const Entry &entry) {
  return !entry.result || !outcome::went_well(*entry.result);
}

void WatchState::set_cases(Cases cases) {
  cases_ = std::move(cases);
  std::map<Key, Entry> entries;
  for (const auto &test_case : cases_) {
    const Key key = key_of(*test_case);
    const auto known = entries_.find(key);
    entries[key] = known == entries_.end() ? Entry{} : known->second;
  }
  entries_ = std::move(entries);
}

void WatchState::touch(const std::set<std::size_t> &places) {
  for (const std::size_t place : places) {
    if (place < cases_.size()) entries_[key_of(*cases_[place])].stale = true;
  }
}

void WatchState::touch_all() {
  for (auto &[key, entry] : entries_) entry.stale = true;
}

void WatchState::touch_failed() {
  for (auto &[key, entry] : entries_) entry.stale = entry.stale || (failed(entry) && !entry.running);
}

bool WatchState::any_stale() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const auto &entry) { return entry.second.stale; });
}

WatchState::Cases WatchState::take_stale() {
  Cases stale;
  for (const auto &test_case : cases_) {
    Entry &entry = entries_[key_of(*test_case)];
    if (!entry.stale) continue;
    entry = {.stale = false, .running = true};
    stale.push_back(test_case);
  }
  return stale;
}

void WatchState::finished(const outcome::CaseFinished &finished) {
  const auto entry = entries_.find(key_of(*finished.test_case));
  if (entry == entries_.end()) return;
  const outcome::Result result = outcome::result_of(finished);
  // Of several runs of a case (--repeat) the worst result counts.
  entry->second.result = entry->second.result ? outcome::gravest({*entry->second.result, result}) : result;
}

void WatchState::run_ended(bool again) {
  for (auto &[key, entry] : entries_) {
    if (entry.running && !entry.result && again) entry.stale = true;
    entry.running = false;
  }
}

std::map<outcome::Result, std::size_t> WatchState::results() const {
  std::map<outcome::Result, std::size_t> results;
  for (const auto &[key, entry] : entries_) {
    if (entry.result) ++results[*entry.result];
  }
  return results;
}

bool WatchState::any_failed() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const auto &entry) { return failed(entry.second); });
}

}  // namespace kmodtest::run
