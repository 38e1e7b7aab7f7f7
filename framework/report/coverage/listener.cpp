// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctime>
#include <utility>

#include "report/coverage/coverage_files.hpp"
#include "report/coverage/coverage_sum.hpp"
#include "report/listeners.hpp"
#include "storage/files.hpp"
#include "storage/output_file.hpp"

namespace kmodtest::report {
namespace {

class CoverageWriter final : public outcome::Listener {
 public:
  CoverageWriter(std::filesystem::path folder, std::string version, std::shared_ptr<observe::Coverage> result)
      : folder_(std::move(folder)), version_(std::move(version)), result_(std::move(result)) {
    storage::make_folder(folder_);
    storage::check_writable(tracefile());
    storage::check_writable(xml());
  }

  void on(const outcome::Event &event) override {
    if (std::holds_alternative<outcome::RunStarted>(event)) sum_ = {};
    if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) sum_.add(*finished);
    if (std::holds_alternative<outcome::RunFinished>(event)) write();
  }

 private:
  std::filesystem::path tracefile() const { return folder_ / "coverage.info"; }
  std::filesystem::path xml() const { return folder_ / "cobertura.xml"; }

  void write() {
    const std::string here = std::filesystem::current_path().string();
    storage::write_whole(tracefile(), lcov_tracefile(sum_.sum()));
    storage::write_whole(xml(), cobertura_xml(sum_.sum(), here, std::time(nullptr), version_));
    if (result_) *result_ = sum_.sum();
  }

  std::filesystem::path folder_;
  std::string version_;
  std::shared_ptr<observe::Coverage> result_;
  CoverageSum sum_;
};

}  // namespace

std::unique_ptr<outcome::Listener> make_coverage(std::filesystem::path folder, std::string version,
                                                 std::shared_ptr<observe::Coverage> result) {
  return std::make_unique<CoverageWriter>(std::move(folder), std::move(version), std::move(result));
}

}  // namespace kmodtest::report
