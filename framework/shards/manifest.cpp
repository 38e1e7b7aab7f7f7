// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/manifest.hpp"

#include <chrono>
#include <fmt/format.h>
#include <random>

#include "text/json.hpp"

namespace kmodtest::shards {

namespace {

using Json = text::SortedJson;

constexpr const char *kSchema = "kmodtest-results";
constexpr int kVersion = 1;

/// Copies a value into a field if it has the field's type.
template <class T>
void take(const Json &json, const char *key, T &field) {
  const auto found = json.find(key);
  if (found == json.end()) return;
  if constexpr (std::is_same_v<T, bool>) {
    if (found->is_boolean()) field = found->get<bool>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (found->is_string()) field = found->get<std::string>();
  } else if (found->is_number()) {
    field = found->get<T>();
  }
}

}  // namespace

std::string manifest_text(const Manifest &manifest) {
  Json json;
  json["schema"] = kSchema;
  json["version"] = kVersion;
  json["kmodtest"] = manifest.program;
  json["shard"] = manifest.shard;
  json["of"] = manifest.of;
  json["plans"] = manifest.plans;
  json["split"] = manifest.split;
  json["cases"] = manifest.cases;
  json["repeats"] = manifest.repeats;
  json["retries"] = manifest.retries;
  json["shuffle_seed"] = manifest.shuffle_seed ? Json(*manifest.shuffle_seed) : Json(nullptr);
  json["attempt"] = manifest.attempt;
  json["run"] = manifest.run;
  json["started"] = manifest.started;
  json["ended"] = manifest.ended;
  json["host"] = manifest.host;
  json["hypervisor"] = manifest.hypervisor;
  json["workers"] = manifest.workers;
  json["took"] = manifest.took;
  json["finished"] = manifest.finished;
  json["interrupted"] = manifest.interrupted;
  return text::json_text(json) + "\n";
}

std::optional<Manifest> parse_manifest(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("schema", Json()) != kSchema || json.value("version", Json()) != kVersion) {
    return std::nullopt;
  }
  Manifest manifest;
  take(json, "kmodtest", manifest.program);
  take(json, "shard", manifest.shard);
  take(json, "of", manifest.of);
  take(json, "plans", manifest.plans);
  take(json, "split", manifest.split);
  take(json, "cases", manifest.cases);
  take(json, "repeats", manifest.repeats);
  take(json, "retries", manifest.retries);
  if (const auto seed = json.find("shuffle_seed"); seed != json.end() && seed->is_number_unsigned()) {
    manifest.shuffle_seed = seed->get<std::uint64_t>();
  }
  take(json, "attempt", manifest.attempt);
  take(json, "run", manifest.run);
  take(json, "started", manifest.started);
  take(json, "ended", manifest.ended);
  take(json, "host", manifest.host);
  take(json, "hypervisor", manifest.hypervisor);
  take(json, "workers", manifest.workers);
  take(json, "took", manifest.took);
  take(json, "finished", manifest.finished);
  take(json, "interrupted", manifest.interrupted);
  if (manifest.of < 1 || manifest.shard < 1 || manifest.shard > manifest.of || manifest.repeats < 1)
    return std::nullopt;
  return manifest;
}

std::string new_run_name() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 4; ++i) name += fmt::format("{:08x}", random());
  return name;
}

std::int64_t milliseconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace kmodtest::shards
