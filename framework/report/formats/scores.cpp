// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <fmt/format.h>
#include <set>
#include <string>
#include <utility>

#include "report/listeners.hpp"
#include "report/terminal/score_table.hpp"
#include "storage/output_file.hpp"
#include "text/json.hpp"
#include "text/replace.hpp"

namespace kmodtest::report {

namespace {

using text::Json;

/// Returns a field of CSV, in quotes if it needs them. Source: RFC 4180.
std::string field(const std::string &value) {
  if (value.find_first_of(",\"\r\n") == std::string::npos) return value;
  return '"' + text::replaced(value, "\"", "\"\"") + '"';
}

std::string path_of(const Score &score, const std::string &module) {
  for (const auto &one : score.implementations)
    if (one.module == module) return one.path.string();
  return {};
}

std::string csv_of(const std::vector<Score> &scores) {
  std::set<std::string> modules;
  for (const Score &score : scores)
    for (const auto &one : score.implementations) modules.insert(one.module);
  std::string text;
  for (const std::string &module : modules) text += field(module) + ',';
  text += "plan,case,result,points,of\r\n";
  for (const Score &score : scores) {
    for (const std::string &module : modules) text += field(path_of(score, module)) + ',';
    text += fmt::format("{},{},{},{},{}\r\n", field(score.plan), field(score.id), outcome::result_name(score.result),
                        score.points, score.most_points);
  }
  return text;
}

Json json_of(const std::vector<Score> &scores) {
  Json all = Json::array();
  for (const Score &score : scores) {
    Json modules = Json::object();
    for (const auto &one : score.implementations) modules[one.module] = one.path.string();
    all.push_back({{"modules", modules},
                   {"plan", score.plan},
                   {"case", score.id},
                   {"result", outcome::result_name(score.result)},
                   {"points", score.points},
                   {"of", score.most_points}});
  }
  return all;
}

class ScoreFile : public outcome::Listener {
 public:
  explicit ScoreFile(std::filesystem::path file) : file_(std::move(file)) { storage::check_writable(file_); }

  void on(const outcome::Event &event) override {
    if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) scores_.add(*finished);
    if (std::holds_alternative<outcome::RunFinished>(event)) write();
  }

 private:
  void write() const {
    const bool json = file_.extension() == ".json";
    storage::write_whole(file_, json ? text::json_text(json_of(scores_.all()), 2) + "\n" : csv_of(scores_.all()));
  }

  std::filesystem::path file_;
  Scores scores_;
};

}  // namespace

std::unique_ptr<outcome::Listener> make_scores(std::filesystem::path file) {
  return std::make_unique<ScoreFile>(std::move(file));
}

}  // namespace kmodtest::report
