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

/// Passes each field with its key; `shuffle_seed`, which can be missing, is apart.
template <class AnyManifest, class Visitor>
void for_each_field(AnyManifest &manifest, const Visitor &visit) {
  visit("kmodtest", manifest.program);
  visit("shard", manifest.shard);
  visit("of", manifest.of);
  visit("plans", manifest.plans);
  visit("split", manifest.split);
  visit("cases", manifest.cases);
  visit("repeats", manifest.repeats);
  visit("retries", manifest.retries);
  visit("attempt", manifest.attempt);
  visit("run", manifest.run);
  visit("started", manifest.started);
  visit("ended", manifest.ended);
  visit("host", manifest.host);
  visit("hypervisor", manifest.hypervisor);
  visit("workers", manifest.workers);
  visit("took", manifest.took);
  visit("finished", manifest.finished);
  visit("interrupted", manifest.interrupted);
}

}  // namespace

std::string manifest_text(const Manifest &manifest) {
  Json json;
  json["schema"] = kSchema;
  json["version"] = kVersion;
  for_each_field(manifest, [&json](const char *key, const auto &field) { json[key] = field; });
  json["shuffle_seed"] = manifest.shuffle_seed ? Json(*manifest.shuffle_seed) : Json(nullptr);
  return text::json_text(json) + "\n";
}

std::optional<Manifest> parse_manifest(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("schema", Json()) != kSchema || json.value("version", Json()) != kVersion) {
    return std::nullopt;
  }
  Manifest manifest;
  for_each_field(manifest, [&json](const char *key, auto &field) { take(json, key, field); });
  if (const auto seed = json.find("shuffle_seed"); seed != json.end() && seed->is_number_unsigned()) {
    manifest.shuffle_seed = seed->get<std::uint64_t>();
  }
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
