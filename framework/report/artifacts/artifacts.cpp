// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <variant>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "outcome/folder_name.hpp"
#include "outcome/result.hpp"
#include "outcome/timings.hpp"
#include "report/artifacts/bundle.hpp"
#include "report/failure/autopsy_text.hpp"
#include "report/failure/failure.hpp"
#include "report/formats/agent_message_json.hpp"
#include "report/listeners.hpp"
#include "shared/kmsg.hpp"
#include "shared/procfs.hpp"
#include "storage/files.hpp"
#include "storage/free_name.hpp"
#include "storage/output_file.hpp"
#include "text/escape.hpp"
#include "text/words.hpp"

namespace kmodtest::report {

namespace {

namespace fs = std::filesystem;

constexpr const char *kMarkerFile = ".kmodtest-run";
constexpr const char *kVerdictFile = "verdict.txt";
constexpr const char *kVmcoreFile = "vmcore";
constexpr const char *kPartialPrefix = ".partial-";

[[noreturn]] void fail(const fs::path &path, const std::error_code &error) {
  throw base::Error(base::Code::cannot_write, fmt::format("cannot write '{}': {}", path.string(), error.message()),
                    "name a folder that you can write to with --out");
}

void write_if_any(const fs::path &file, std::string_view content) {
  if (!content.empty()) storage::write_file(file, content);
}

bool is_ours(const fs::directory_entry &entry) {
  return entry.is_directory() && !entry.is_symlink() &&
         (entry.path().filename().string().starts_with(kPartialPrefix) || fs::exists(entry.path() / kVerdictFile));
}

std::string verdict_text(const outcome::CaseFinished &finished) {
  std::string text;
  if (outcome::went_well(outcome::result_of(finished))) {
    text = headline(finished, Palette(false));
    if (const std::string why = reason(finished); !why.empty()) text += ": " + text::printable(why);
    if (const std::string came = as_expected(finished); !came.empty()) text += " (" + text::printable(came) + ")";
    text += "\n" + render_findings(finished, Palette(false));
  } else {
    text = render_failure(finished);
  }
  text += "\nplan:    " + text::printable(finished.test_case->plan_name) + "\n";
  if (!finished.kernel_release.empty()) text += "kernel:  " + text::printable(finished.kernel_release) + "\n";
  const plan::GuestShape &guest = finished.test_case->guest;
  text += fmt::format("guest:   {}, {} MiB\n", text::counted(static_cast<std::size_t>(guest.cpus), "CPU"),
                      guest.memory_mib);
  if (!finished.digest.empty()) text += "digest:  " + finished.digest + "\n";
  text += fmt::format("took:    {:.3f} s: {}\n", finished.took.count(), outcome::render_timings(finished.timings));
  return text;
}

std::string kmsg_text(const judge::Observations &seen) {
  std::string text;
  for (const wire::KernelLogLine &line : seen.log()) text += shared::render_dmesg(line) + "\n";
  return text;
}

std::string heading(std::string_view what, wire::Microseconds time) {
  return fmt::format("# {}, {:.6f} s\n", what, outcome::Seconds(time).count());
}

std::string pointers_text(const judge::PointerSearch &search) {
  std::string text;
  for (const judge::PointerLeft &pointer : search.found) {
    text += fmt::format("{:#x}: {} still points to {}\n", pointer.address, judge::holder_of(pointer),
                        judge::target_of(pointer));
  }
  if (!search.problem.empty()) text += fmt::format("not looked for: {}\n", search.problem);
  return text;
}

struct Listings {
  std::string threads, modules;
};

/// Returns all listings of threads and of modules, in order of time.
Listings listings(const judge::Observations &seen) {
  Listings text;
  const auto add = [&](const std::string &title, const wire::Inventory &inventory) {
    const std::string head = heading(title, inventory.time);
    text.threads += head + shared::render_ps(inventory.threads) + "\n";
    text.modules += head + shared::render_lsmod(inventory.modules) + "\n";
  };
  bool first = true;
  for (const wire::AgentMessage &message : seen.messages) {
    if (const auto *baseline = std::get_if<wire::Baseline>(&message)) {
      add(first ? "before the first step" : "before the load", baseline->inventory);
      first = false;
    } else if (const auto *after = std::get_if<wire::AfterUnload>(&message)) {
      add("after the unload, new entries", after->inventory);
    } else if (const auto *threads = std::get_if<wire::Threads>(&message)) {
      text.threads += heading("ps", threads->time) + shared::render_ps(threads->threads) + "\n";
    } else if (const auto *modules = std::get_if<wire::Modules>(&message)) {
      text.modules += heading("lsmod", modules->time) + shared::render_lsmod(modules->modules) + "\n";
    }
  }
  return text;
}

/// Writes the folders of the cases of a run.
class CaseFolders {
 public:
  CaseFolders(fs::path folder, std::string version) : folder_(std::move(folder)), version_(std::move(version)) {
    prepare_artifacts_folder(folder_);
  }

  void keep(const outcome::CaseFinished &finished) const {
    const std::string wanted =
        finished.artifacts.empty() ? outcome::folder_name(*finished.test_case) : finished.artifacts.filename().string();
    const std::string name =
        storage::free_name(wanted, [&](const std::string &each) { return !fs::exists(folder_ / each); });
    const fs::path partial = folder_ / (kPartialPrefix + name);
    std::error_code error;
    fs::remove_all(partial, error);
    fs::create_directory(partial, error);
    if (error) fail(partial, error);
    fill(partial, finished);
    fs::rename(partial, folder_ / name, error);
    if (error) fail(folder_ / name, error);
  }

 private:
  void fill(const fs::path &folder, const outcome::CaseFinished &finished) const {
    const fs::path &plan_file = finished.test_case->plan_file;
    if (!plan_file.empty()) {
      std::error_code error;
      fs::copy_file(plan_file, folder / "plan.yaml", error);
      // If a plan was deleted since it was read, keep the other files anyway.
      if (error && error != std::errc::no_such_file_or_directory) fail(folder / "plan.yaml", error);
    }
    write_if_any(folder / "domain.xml", finished.domain_xml);
    write_if_any(folder / "build.log", finished.build_log);
    if (finished.seen) {
      const judge::Observations &seen = *finished.seen;
      const Listings text = listings(seen);
      if (!finished.domain_xml.empty())
        storage::write_file(folder / "console.log", seen.console);  // an empty console is a fact, too
      write_if_any(folder / "kmsg.log", kmsg_text(seen));
      write_if_any(folder / "ps.txt", text.threads);
      write_if_any(folder / "lsmod.txt", text.modules);
      std::string events = seen.messages.empty() ? "" : agent_message_json_head() + "\n";
      for (const wire::AgentMessage &message : seen.messages) events += agent_message_json(message) + "\n";
      write_if_any(folder / "events.jsonl", events);
      write_if_any(folder / "autopsy.txt", autopsy_text(seen));
      write_if_any(folder / "pointers.txt", pointers_text(seen.pointers));
    }
    if (!finished.vmcore.empty()) {
      std::error_code error;
      fs::rename(finished.vmcore, folder / kVmcoreFile, error);
      if (error) fail(folder / kVmcoreFile, error);
    }
    storage::write_file(folder / kVerdictFile, verdict_text(finished));
    write_bundle(folder, finished, version_);
  }

  fs::path folder_;
  std::string version_;
};

/// Returns the case of an event that might be kept: a finished case, or an attempt before the last.
const outcome::CaseFinished *case_of(const outcome::Event &event) {
  if (const auto *retried = std::get_if<outcome::CaseRetried>(&event)) return &retried->attempt;
  return std::get_if<outcome::CaseFinished>(&event);
}

class Artifacts final : public outcome::Listener {
 public:
  Artifacts(fs::path folder, std::string version) : folders_(std::move(folder), std::move(version)) {}

  void on(const outcome::Event &event) override {
    if (const outcome::CaseFinished *finished = case_of(event)) folders_.keep(*finished);
  }

 private:
  CaseFolders folders_;
};

class FailureArtifacts final : public outcome::Listener {
 public:
  FailureArtifacts(fs::path folder, std::string version, bool at_once)
      : folder_(std::move(folder)), version_(std::move(version)) {
    if (at_once) attempt([this] { open(); });
  }
  ~FailureArtifacts() override {
    if (!folders_ || kept_) return;
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  FailureArtifacts(const FailureArtifacts &) = delete;
  FailureArtifacts &operator=(const FailureArtifacts &) = delete;

  void on(const outcome::Event &event) override {
    const outcome::CaseFinished *finished = case_of(event);
    if (finished == nullptr || given_up_) return;
    if (finished->unlike) keep(*finished->unlike);
    if (finished->unlike || !outcome::went_well(outcome::result_of(*finished))) keep(*finished);
  }

 private:
  void keep(const outcome::CaseFinished &finished) {
    // The first of several runs that differ arrives again with each of the others.
    if (!finished.artifacts.empty() && !kept_folders_.insert(finished.artifacts).second) return;
    attempt([&] {
      open();
      kept_ = true;
      folders_->keep(finished);
    });
  }

  void open() {
    if (folders_) return;
    folders_.emplace(folder_, version_);
    lock_ = storage::FileLock::try_take(folder_ / kMarkerFile);
  }

  template <class Action>
  void attempt(const Action &action) {
    try {
      action();
    } catch (const base::Error &error) {
      given_up_ = true;
      fmt::print(stderr, "kmodtest: warning[{}]: the folders of failed cases are not kept: {}\n",
                 base::name_of(error.code()), error.what());
    }
  }

  fs::path folder_;
  std::string version_;
  std::optional<CaseFolders> folders_;
  std::set<fs::path> kept_folders_;
  std::unique_ptr<storage::FileLock> lock_;  // while it is held, no other run removes the folder
  bool kept_ = false;
  bool given_up_ = false;
};

/// Returns the folders of runs, the oldest first: the names begin with the time.
std::vector<fs::path> runs_below(const fs::path &failures) {
  std::vector<fs::path> runs;
  std::error_code error;
  for (fs::directory_iterator entry(failures, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (fs::exists(entry->path() / kMarkerFile, error)) runs.push_back(entry->path());
  std::sort(runs.begin(), runs.end());
  return runs;
}

}  // namespace

void prepare_artifacts_folder(const fs::path &folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(folder, error);
  const bool earlier_run = fs::exists(folder / kMarkerFile, error);
  if (!earlier_run && !fs::is_empty(folder, error)) {
    throw base::UsageError(base::Code::foreign_folder,
                           fmt::format("'{}' contains files that kmodtest did not write", folder.string()),
                           "name a new or an empty folder with --out");
  }
  std::vector<fs::path> old;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error)) {
    if (is_ours(entry)) old.push_back(entry.path());
  }
  if (error) fail(folder, error);
  for (const fs::path &path : old) {
    fs::remove_all(path, error);
    if (error) fail(path, error);
  }
  storage::write_file(folder / kMarkerFile,
                      "Made by kmodtest --out; the next run into this folder replaces its cases.\n");
}

std::unique_ptr<outcome::Listener> make_artifacts(fs::path folder, std::string version) {
  return std::make_unique<Artifacts>(std::move(folder), std::move(version));
}

std::unique_ptr<outcome::Listener> make_failure_artifacts(fs::path folder, std::string version, bool at_once) {
  return std::make_unique<FailureArtifacts>(std::move(folder), std::move(version), at_once);
}

fs::path next_failure_folder(const fs::path &failures) {
  const std::vector<fs::path> runs = runs_below(failures);
  for (std::size_t i = 0; i + kKeptRuns <= runs.size(); ++i) {
    std::error_code ignored;
    // A run that is still going on holds the lock.
    if (storage::FileLock::try_take(runs[i] / kMarkerFile)) fs::remove_all(runs[i], ignored);
  }
  return failures / fmt::format("{:%Y-%m-%dT%H-%M-%S}-{}", fmt::gmtime(std::time(nullptr)), ::getpid());
}

}  // namespace kmodtest::report
