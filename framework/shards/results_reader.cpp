// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/results_reader.hpp"

#include <algorithm>
#include <exception>
#include <fmt/format.h>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "shards/layout.hpp"
#include "shards/records.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;

bool is_finished_file(const fs::path &name) {
  return name.string().starts_with(kFinishedPrefix);
}

/// Passes on the records of a file. Returns whether it ends with a whole one.
bool read_records(const ReadBlock &read, const std::function<bool(const Record &)> &take) {
  RecordDecoder decoder;
  for (std::string_view block = read(); !block.empty(); block = read()) {
    decoder.feed(block);
    while (const auto record = decoder.next()) {
      if (!take(*record)) return false;
    }
    if (decoder.damaged()) return false;
  }
  return decoder.whole();
}

[[noreturn]] void fail_as_foreign(const fs::path &path, const std::string &why) {
  throw base::UsageError(base::Code::not_results,
                         fmt::format("'{}' has no results of kmodtest: {}", path.string(), why),
                         "name the folder or the .tar.zst that 'kmodtest run --results' wrote");
}

/// Returns whether results that cannot be read were some once: a folder with their files, or the beginning of an
/// archive.
bool were_results(const fs::path &path) {
  std::error_code error;
  if (fs::is_directory(path, error))
    return fs::exists(path / kManifestFile, error) && fs::exists(path / kListFile, error);
  constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
  std::string begin(kZstdMagic.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<std::size_t>(file.gcount()));
  return is_archive_name(path) && kZstdMagic.starts_with(begin);
}

[[noreturn]] void fail_as_damaged(const fs::path &path) {
  throw base::Error(base::Code::damaged_results,
                    fmt::format("'{}' is damaged or cut off: its manifest cannot be read", path.string()),
                    "copy it again from where it was written");
}

bool looks_like_results(const fs::directory_entry &entry) {
  if (entry.is_directory()) return fs::exists(entry.path() / kManifestFile);
  return entry.is_regular_file() && is_archive_name(entry.path());
}

/// Adds the results below a folder, sorted by path.
std::vector<fs::path> results_below(const fs::path &folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error); !error && entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    if (!looks_like_results(*entry)) continue;
    found.push_back(entry->path());
    if (entry->is_directory()) entry.disable_recursion_pending();
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The facts that all results of a run share.
struct Identity {
  std::string name, program, plans, split;
  int of = 1;
};

Identity identity_of(const Results &results) {
  const Manifest &manifest = results.manifest;
  return {"'" + results.path.string() + "'", manifest.program, manifest.plans, manifest.split, manifest.of};
}

void check_identity(const Results &results, const std::string &version, const Identity &wanted) {
  const Manifest &manifest = results.manifest;
  const std::string path = results.path.string();
  if (manifest.program != version) {
    throw base::UsageError(
        base::Code::other_program,
        fmt::format("'{}' is from kmodtest {}, and this is kmodtest {}", path, manifest.program, version),
        "use one version of kmodtest for all shards, and for merging them");
  }
  if (manifest.plans != wanted.plans) {
    throw base::UsageError(base::Code::other_plans,
                           fmt::format("'{}' has results of other plans or cases than {}", path, wanted.name),
                           "give all shards the same plans, in the same state, and the same options");
  }
  if (manifest.of != wanted.of || manifest.split != wanted.split) {
    throw base::UsageError(base::Code::other_split,
                           fmt::format("'{}' is shard {} of {}, of another split than {} (of {})", path, manifest.shard,
                                       manifest.of, wanted.name, wanted.of),
                           "give all shards the same number of shards and the same history (--history)");
  }
}

}  // namespace

Results open_results(const fs::path &path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw base::UsageError(base::Code::no_such_input, fmt::format("no such file or folder: '{}'", path.string()));
  }
  std::optional<Manifest> manifest;
  try {
    for_each_file(path, base::Code::damaged_results, [&](const fs::path &name, std::uint32_t, const ReadBlock &read) {
      if (name == kManifestFile) manifest = parse_manifest(read_all(read));
      return false;
    });
  } catch (const base::Error &problem) {
    if (problem.code() != base::Code::damaged_results || were_results(path)) throw;
    fail_as_foreign(path, "it is not an archive");
  }
  if (!manifest && were_results(path)) fail_as_damaged(path);
  if (!manifest) fail_as_foreign(path, "it does not begin with a manifest");
  return {path, std::move(*manifest)};
}

FoundResults find_results(const std::vector<fs::path> &paths) {
  std::vector<fs::path> named;
  for (const fs::path &path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error) || fs::exists(path / kManifestFile, error)) {
      named.push_back(path);
      continue;
    }
    const std::vector<fs::path> below = results_below(path);
    if (below.empty()) fail_as_foreign(path, "neither it nor anything below it is a result");
    named.insert(named.end(), below.begin(), below.end());
  }
  FoundResults found;
  std::exception_ptr damage;
  for (const fs::path &path : named) {
    try {
      found.all.push_back(open_results(path));
    } catch (const base::Error &error) {
      if (error.code() != base::Code::damaged_results) throw;
      damage = std::current_exception();
      found.unreadable.push_back(fmt::format("{} [{}]", error.what(), base::name_of(error.code())));
    }
  }
  if (found.all.empty() && damage) std::rethrow_exception(damage);
  return found;
}

void check_same_run(const Results &results, const std::string &version, const Split &split) {
  check_identity(results, version, {"this run", version, split.plans, split.mine.split, split.shard.of});
}

void check_same_run(const Results &results, const std::string &version, const Results &first) {
  check_identity(results, version, identity_of(first));
}

std::string read_results(const Results &results, const ResultsSink &sink) {
  std::string problem;
  std::size_t finished = 0;
  const auto take_record = [&](const Record &record) {
    if (record.kind == RecordKind::notice) sink.take_notice(record.bytes);
    if (record.kind != RecordKind::finished) return true;
    auto kept = decode_case(record.bytes);
    if (!kept) return false;
    ++finished;
    sink.take_case(std::move(*kept));
    return true;
  };
  const auto take_file = [&](const fs::path &name, std::uint32_t mode, const ReadBlock &read) {
    if (is_finished_file(name)) {
      // The last record of a shard that died can be cut off.
      const bool whole = read_records(read, take_record);
      if (!whole && results.manifest.complete()) problem = fmt::format("the file '{}' is damaged", name.string());
    } else if (*name.begin() == kFolders) {
      if (!sink.take_file) return false;
      sink.take_file(name, mode, read);
    }
    return true;
  };
  try {
    for_each_file(results.path, base::Code::damaged_results, take_file);
  } catch (const base::Error &error) {
    if (error.code() != base::Code::damaged_results) throw;
    problem = error.what();
  }
  if (problem.empty() && results.manifest.complete() && finished < results.manifest.finished) {
    problem = fmt::format("it has {} of the {} results that it had at its end", finished, results.manifest.finished);
  }
  return problem;
}

void read_case_list(const Results &results, const std::function<void(ListedCase)> &take) {
  const auto take_file = [&](const fs::path &name, std::uint32_t, const ReadBlock &read) {
    if (name != kListFile) return true;
    read_records(read, [&](const Record &record) {
      auto listed = decode_listed(record.bytes);
      if (listed) take(std::move(*listed));
      return listed.has_value();
    });
    return false;
  };
  try {
    for_each_file(results.path, base::Code::damaged_results, take_file);
  } catch (const base::Error &error) {
    if (error.code() != base::Code::damaged_results) throw;
  }
}

std::set<std::size_t> finished_in(const fs::path &folder) {
  std::set<std::size_t> numbers;
  ResultsSink sink;
  sink.take_case = [&](const KeptCase &kept) { numbers.insert(kept.finished.number); };
  read_results({folder, {}}, sink);
  return numbers;
}

}  // namespace kmodtest::shards
