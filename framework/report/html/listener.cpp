// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <set>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

#include "base/host_name.hpp"
#include "report/coverage/coverage_sum.hpp"
#include "report/html/case_entry.hpp"
#include "report/html/page.hpp"
#include "report/listeners.hpp"
#include "storage/output_file.hpp"
#include "storage/spool.hpp"
#include "storage/whole_file.hpp"

namespace kmodtest::report {

namespace {

/// A page of more than 10 MB opens slowly and is too large for a mail. The style and the script need 0.1 MB of it.
constexpr std::size_t kAllBodies = 5'000'000;  ///< bytes of the bodies of all cases
constexpr std::size_t kAllData = 3'600'000;    ///< bytes of packed data for timelines
constexpr std::size_t kMostListed = 1'500;     ///< cases; each takes 4 kB at least
constexpr std::size_t kAround = 2'500;         ///< bytes of a case without its log and the texts of its failure
constexpr std::size_t kLeastText = 1'000, kMostText = 256'000;

class Html final : public outcome::Listener {
 public:
  Html(std::filesystem::path file, std::string version) : file_(std::move(file)), spool_(file_) {
    run_.version = std::move(version);
    storage::check_writable(file_);
  }

  void on(const outcome::Event &event) override {
    if (const auto *started = std::get_if<outcome::RunStarted>(&event)) {
      run_.started = *started;
      left_ = std::max<std::size_t>(1, started->cases) * static_cast<std::size_t>(std::max(1, started->repeats));
      left_ = std::min(left_, kMostListed);
    } else if (const auto *notice = std::get_if<outcome::Notice>(&event)) {
      run_.notices.push_back(notice->text);
    } else if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) {
      add(*finished);
    } else if (const auto *end = std::get_if<outcome::RunFinished>(&event)) {
      write(*end);
    }
  }

 private:
  void add(const outcome::CaseFinished &finished) {
    const std::size_t place = groups_.add(finished);
    html::Room its_room = room();
    its_room.listed = is_to_be_listed(finished);
    entries_.push_back(html::make_entry(finished, its_room, groups_.first_of(place)));
    html::CaseEntry &entry = entries_.back();
    entry.place = place;
    shown_ += entry.body.str().size();
    html::put_aside(entry, spool_);
    left_ -= std::min<std::size_t>(left_, 1);
    coverage_.add(finished);
    if (!finished.kernel_release.empty()) kernels_.insert(finished.kernel_release);
  }

  /// Returns whether there is room for a case. If there is none, one that did not go well takes the place of one that
  /// did.
  bool is_to_be_listed(const outcome::CaseFinished &finished) {
    const bool well = outcome::went_well(outcome::result_of(finished));
    if (listed_ < kMostListed) {
      ++listed_;
    } else if (well || listed_well_.empty()) {
      return false;
    } else {
      html::keep_for_tables(entries_[listed_well_.back()]);
      listed_well_.pop_back();
    }
    if (well) listed_well_.push_back(entries_.size());
    return true;
  }

  /// Returns the limits for a case, so that all remaining cases get the same share.
  html::Room room() const {
    const std::size_t each = (kAllBodies - std::min(shown_, kAllBodies)) / std::max<std::size_t>(left_, 1);
    return {std::clamp(each - std::min(each, kAround), kLeastText, kMostText), kAllData};
  }

  /// Drops the timelines of cases that went well first, and large ones before small ones.
  void keep_the_data_small() {
    std::size_t all = 0;
    std::vector<html::CaseEntry *> by_size;
    for (html::CaseEntry &entry : entries_) {
      if (!entry.listed) continue;
      all += entry.kept_data.size;
      by_size.push_back(&entry);
    }
    std::stable_sort(by_size.begin(), by_size.end(), [](const auto *left, const auto *right) {
      const bool first = outcome::went_well(left->result), second = outcome::went_well(right->result);
      return first != second ? first : left->kept_data.size > right->kept_data.size;
    });
    for (html::CaseEntry *entry : by_size) {
      if (all <= kAllData) return;
      all -= entry->kept_data.size;
      entry->data_left_out = entry->kept_data.size;
      entry->kept_data.size = 0;
    }
  }

  void write(const outcome::RunFinished &end) {
    // Places are in the order in which the cases ended. A stable sort would take half as much memory again.
    std::sort(entries_.begin(), entries_.end(), [](const auto &left, const auto &right) {
      return std::pair(left.number, left.place) < std::pair(right.number, right.place);
    });
    for (html::CaseEntry &entry : entries_)
      if (entry.listed) entry.points = groups_.points_of(entry.place);
    keep_the_data_small();
    run_.finished = end;
    run_.coverage = coverage_.sum();
    run_.host = base::host_name();
    run_.at = fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)));
    run_.kernels.assign(kernels_.begin(), kernels_.end());
    storage::WholeFile file(file_);
    html::write_page(run_, entries_, spool_, [&file](std::string_view part) { file.write(part); });
    file.commit();
  }

  std::filesystem::path file_;
  storage::Spool spool_;
  html::RunFacts run_;
  html::CaseEntries entries_;
  std::size_t listed_ = 0;
  std::vector<std::size_t> listed_well_;  ///< places in entries_
  FailureGroups groups_;
  CoverageSum coverage_;
  std::set<std::string> kernels_;
  std::size_t left_ = 1;   ///< remaining cases
  std::size_t shown_ = 0;  ///< bytes of the bodies so far
};

}  // namespace

std::unique_ptr<outcome::Listener> make_html(std::filesystem::path file, std::string version) {
  return std::make_unique<Html>(std::move(file), std::move(version));
}

}  // namespace kmodtest::report
