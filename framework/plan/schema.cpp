// SPDX-License-Identifier: GPL-2.0-or-later
#include <string>

#include "plan/plan.hpp"
#include "plan/values.hpp"
#include "plan/vocabulary.hpp"
#include "text/json.hpp"

namespace kmodtest::plan {
namespace {

using text::Json;

Json ref(const std::string &name) {
  return {{"$ref", "#/$defs/" + name}};
}
Json any_of(std::initializer_list<Json> choices) {
  return {{"anyOf", Json(std::vector<Json>(choices))}};
}
Json one_or_list(const Json &item) {
  return any_of({item, Json{{"type", "array"}, {"minItems", 1}, {"items", item}}});
}
/// Returns the schema of a text with this form, or with a variable in it.
Json form(const std::string &pattern, const std::string &title) {
  return {{"title", title}, {"type", "string"}, {"pattern", "^\\s*(" + pattern + ")\\s*$|\\$\\{"}};
}

Json table_schema(const Table &table);

Json choice_schema(const Key &key) {
  Json words = Json::array();
  for (const std::string &word : key.allowed) {
    const bool boolean = word == "true" || word == "false";
    words.push_back(boolean ? Json(word == "true") : Json(word));
  }
  return any_of({Json{{"enum", std::move(words)}}, ref("variable")});
}

Json key_schema(const Key &key) {
  switch (key.type) {
    case Type::text:
      return ref("text");
    case Type::texts:
      return any_of({ref("text"), Json{{"type", "array"}, {"items", ref("text")}}});
    case Type::boolean:
      return any_of({Json{{"type", "boolean"}}, ref("variable")});
    case Type::integer:
      return any_of({Json{{"type", "integer"}}, ref("variable")});
    case Type::integers:
      return one_or_list(Json{{"type", "integer"}, {"minimum", 1}, {"maximum", 64}});
    case Type::duration:
      return ref("duration");
    case Type::size:
      return ref("size");
    case Type::range:
      return ref("range");
    case Type::size_range:
      return ref("size_range");
    case Type::interval:
      return ref("interval");
    case Type::pattern:
      return ref("pattern");
    case Type::patterns:
      return one_or_list(ref("pattern"));
    case Type::cpu_list:
      return ref("cpu_list");
    case Type::guest_path:
      return ref("guest_path");
    case Type::errno_name:
      return ref("errno_name");
    case Type::choice:
      return choice_schema(key);
    case Type::choices:
      return one_or_list(choice_schema(key));
    case Type::map:
      return table_schema(*key.table);
    case Type::maps:
      return one_or_list(table_schema(*key.table));
    case Type::limit:
      return ref("limit");
    case Type::shares:
      return {{"type", "object"},
              {"minProperties", 1},
              {"propertyNames", Json{{"pattern", R"(^cpus? *([0-9]|.*\$\{))"}}},
              {"additionalProperties", ref("share")}};
    case Type::parameters:
      return {{"type", "object"}, {"additionalProperties", ref("text")}};
    case Type::matrix: {
      const Json values = any_of({ref("text"), Json{{"type", "array"}, {"minItems", 1}, {"items", ref("text")}}});
      return {
          {"type", "object"},
          {"propertyNames", Json{{"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}, {"not", Json{{"enum", {"cpus", "kernel"}}}}}},
          {"additionalProperties", values}};
    }
    case Type::topologies:
      return one_or_list(
          Json{{"title", "a topology"}, {"type", "string"}, {"pattern", "^\\s*[0-9]+x[0-9]+x[0-9]+\\s*$"}});
    case Type::numa: {
      const Json number{{"type", "integer"}, {"minimum", 1}, {"maximum", 16}};
      const Json text = form("[0-9]+|[0-9,:KMGkmg-]*(/[0-9,:KMGkmg-]*)*", "the CPUs and memory of each node");
      const Json nodes{{"type", "array"}, {"minItems", 1}, {"maxItems", 16}, {"items", table_schema(*key.table)}};
      const Json layouts{{"type", "array"}, {"minItems", 1}, {"items", any_of({number, text, nodes})}};
      return any_of({number, text, nodes, layouts});
    }
    case Type::modules:
    case Type::files:
      return one_or_list(any_of({ref("text"), table_schema(*key.table)}));
    case Type::devices:
      return one_or_list(any_of({choice_schema(key), table_schema(*key.table)}));
    case Type::text_condition:
      return any_of({ref("pattern"), table_schema(*key.table)});
    case Type::steps:
      return {{"type", "array"}, {"minItems", 1}, {"items", ref("step")}};
  }
  return Json::object();
}

Json table_schema(const Table &table) {
  Json schema{{"type", "object"}, {"additionalProperties", false}};
  Json required = Json::array();
  Json properties = Json::object();
  for (const Key &key : table.keys) {
    Json property = key_schema(key);
    property["title"] = key.name;
    property["description"] =
        key.description + (key.fallback.empty() ? std::string() : " (default: " + key.fallback + ")");
    if (!key.example.empty()) property["examples"] = Json::array({key.example});
    properties[key.name] = std::move(property);
    if (key.required) required.push_back(key.name);
  }
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json step_schema() {
  Json choices = Json::array();
  Json bare = Json::array();
  Json points = key_schema(points_key());
  points["description"] = points_key().description;
  for (const StepKind &kind : step_kinds()) {
    if (kind.bare) bare.push_back(kind.name);
    Json value = Json::object();
    if (kind.short_only) {
      value = key_schema(*kind.table->find(kind.short_key));
    } else {
      const Json map = table_schema(*kind.table);
      value = kind.short_key.empty() ? map : any_of({key_schema(*kind.table->find(kind.short_key)), map});
      if (kind.bare) value["anyOf"].push_back(Json{{"type", "null"}});
    }
    value["title"] = kind.name;
    value["description"] = kind.summary + " Example: " + kind.example;
    choices.push_back(Json{{"type", "object"},
                           {"title", kind.name},
                           {"additionalProperties", false},
                           {"required", Json::array({kind.name})},
                           {"properties", Json{{kind.name, std::move(value)}, {"points", points}}}});
  }
  choices.insert(choices.begin(), Json{{"title", "a step without a value"}, {"enum", bare}});
  return {{"title", "step"},
          {"description", "a map with one key (and points, if it has any), or a bare word"},
          {"anyOf", std::move(choices)}};
}

Json definitions() {
  const std::string duration = R"((0|[0-9]+(\.[0-9]+)? *(us|µs|ms|s|m|min|h)))";
  const std::string size = "[0-9]+ *([kKMGT]|[KMGT]iB)?";
  const std::string integer = "-?[0-9]+";
  const auto range = [](const std::string &n) { return n + "|" + n + " *\\.\\. *" + n + "|[<>]=? *" + n; };
  Json errnos{{"enum", Json::array({"any"})}};
  for (const std::string &name : errno_names()) errnos["enum"].push_back(name);
  const Json whole{{"type", "integer"}};
  Json defs;
  defs["variable"] = {
      {"title", "a text with a variable"}, {"type", "string"}, {"pattern", "\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}"}};
  defs["text"] = {{"title", "text"}, {"type", {"string", "number", "boolean"}}};
  defs["duration"] = any_of({form(duration, "duration, such as 500ms, 1.5s or 2m"), Json{{"const", 0}}});
  defs["size"] = any_of({whole, form(size, "size, such as 16K, 256M or 1G")});
  defs["range"] = any_of({whole, form(range(integer), "range, such as 3, 2..5 or '>= 2'")});
  defs["size_range"] = any_of({whole, form(range("(" + size + ")"), "range of sizes, such as '< 64K'")});
  defs["interval"] = form(
      duration + R"( *(±|\+-|\+/-) *()" + duration + R"(|[0-9]+(\.[0-9]+)? *%)|)" + duration + R"( *\.\. *)" + duration,
      "interval, such as '1s ± 20%' or '80ms..150ms'");
  defs["limit"] = form("<?=? *" + duration, "longest duration, such as 2ms or '< 2ms'");
  const std::string percent = "[0-9]+ *%?";
  defs["share"] = any_of({whole, form(percent + "|" + percent + R"( *\.\. *)" + percent + "|[<>]=? *" + percent,
                                      "share, such as 45..55%, '>= 90%' or 0%")});
  defs["pattern"] = {{"title", "pattern"},
                     {"description", "a literal part of a line, or /a POSIX extended regular expression/"},
                     {"type", {"string", "number", "boolean"}}};
  defs["cpu_list"] = any_of({Json{{"type", "integer"}, {"minimum", 0}, {"maximum", 63}},
                             form("[0-9]+(-[0-9]+)?( *, *[0-9]+(-[0-9]+)?)*", "CPU list, such as 0, 0-3 or 0,2"),
                             Json{{"type", "array"}, {"minItems", 1}, {"items", ref("text")}}});
  defs["guest_path"] = {
      {"title", "path in the guest"}, {"type", "string"}, {"pattern", "^/(proc|sys|dev|tmp)/|\\$\\{"}};
  defs["errno_name"] = any_of({errnos, ref("variable")});
  defs["step"] = step_schema();
  return defs;
}

}  // namespace

std::string json_schema() {
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"$id", "kmodtest.schema.json"},
              {"title", "kmodtest plan"},
              {"description", "A test plan for Linux kernel modules."}};
  const Json plan = table_schema(plan_table());
  for (const auto &[key, value] : plan.items()) schema[key] = value;
  schema["$defs"] = definitions();
  return schema.dump(2) + "\n";
}

}  // namespace kmodtest::plan
