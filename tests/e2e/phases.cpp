// SPDX-License-Identifier: GPL-2.0-or-later
#include "e2e/phases.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;
using Entry = fs::directory_entry;

/// Returns whether there is such an entry in a folder, or below it. Files can appear and disappear meanwhile.
template <class Iterator, class Wanted>
bool any_in(const fs::path &folder, Wanted &&wanted) {
  std::error_code error;
  for (Iterator entry(folder, fs::directory_options::skip_permission_denied, error); !error && entry != Iterator();
       entry.increment(error)) {
    if (wanted(*entry)) return true;
  }
  return false;
}

bool has_file_below(const fs::path &folder, const std::string &name) {
  return any_in<fs::recursive_directory_iterator>(folder,
                                                  [&](const Entry &entry) { return entry.path().filename() == name; });
}

std::size_t count(const std::string &text, const std::string &part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

std::string command_line(pid_t pid) {
  return read_file(fs::path("/proc") / std::to_string(pid) / "cmdline");
}

/// Returns whether a process of the run's guests has such a command line (words end with NUL).
template <class Wanted>
bool any_guest(const Running &run, Wanted &&wanted) {
  const std::vector<pid_t> guests = run.tool.guests();
  return std::any_of(guests.begin(), guests.end(), [&](pid_t pid) {
    const std::string line = command_line(pid);
    return !line.empty() && wanted(line);
  });
}

bool is_probe(const std::string &line) {
  return line.find("none,accel=") != std::string::npos;
}

bool is_wrapper(const std::string &line) {
  return fs::path(line.substr(0, line.find('\0'))).filename() == "kmodtest-qemu";
}

bool kept(const Running &run) {
  return any_in<fs::directory_iterator>(
      run.cache / "snapshots", [](const Entry &entry) { return !entry.path().filename().string().starts_with('.'); });
}

/// Returns whether a snapshot has an unfinished `file`, or one that was finished meanwhile.
bool partial_has(const Running &run, const std::string &file) {
  return kept(run) || any_in<fs::directory_iterator>(run.cache / "snapshots", [&](const Entry &entry) {
           std::error_code ignored;
           return entry.path().extension() == ".partial" && fs::exists(entry.path() / file, ignored);
         });
}

/// Calls `done` every millisecond until it returns true, for at most a minute.
template <class Done>
bool poll(Done &&done) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

bool has_ended(const Tool &tool) {
  const std::string status = read_file(fs::path("/proc") / std::to_string(tool.pid()) / "stat");
  const std::size_t name_ends = status.rfind(')');
  return name_ends == std::string::npos || status.compare(name_ends, 3, ") Z") == 0;
}

}  // namespace

bool wait_for(const Phase &phase, const Running &run) {
  bool reached = false;
  poll([&] {
    const bool ended = has_ended(run.tool);
    reached = phase.reached(run);
    return reached || ended;
  });
  return reached;
}

bool wait_until_taken(const Tool &tool, int signal) {
  const std::string key = "\nShdPnd:\t";
  return poll([&] {
    const std::string status = read_file(fs::path("/proc") / std::to_string(tool.pid()) / "status");
    const std::size_t at = status.find(key);
    // Ended by the signal, and not waited for: what is pending stays so.
    const bool ended = status.find("\nState:\tZ") != std::string::npos;
    return ended || at == std::string::npos ||
           (std::stoull(status.substr(at + key.size(), 16), nullptr, 16) >> (signal - 1)) % 2 == 0;
  });
}

namespace phase {

Phase started() {
  return {"Started", [](const Running &) { return true; }};
}

Phase has_its_folder() {
  return {"HasItsFolder", [](const Running &run) { return !fs::is_empty(run.tool.runtime_folder()); }};
}

Phase has_a_guest() {
  return {"HasAGuest", [](const Running &run) { return !run.tool.guests().empty(); }};
}

Phase progress(const char *name, std::string what) {
  return {name, [words = "\"what\":\"" + std::move(what)](const Running &run) {
            return count(read_file(run.events), words) > 0;
          }};
}

Phase finished(const char *name, std::size_t cases) {
  return {name,
          [cases](const Running &run) { return count(read_file(run.events), "{\"event\":\"CaseFinished\"") >= cases; }};
}

Phase probe_wrapper() {
  return {"TheWrapperIsThere", [](const Running &run) { return any_guest(run, is_probe); }};
}

Phase probe_runs() {
  return {"QemuRuns", [](const Running &run) {
            return any_guest(run, [](const std::string &line) { return is_probe(line) && !is_wrapper(line); });
          }};
}

Phase probe_has_its_pidfile() {
  return {"ItHasItsPidfile", [](const Running &run) { return has_file_below(run.tool.runtime_folder(), "qmp.pid"); }};
}

Phase probe_listens() {
  return {"ItListens", [](const Running &run) { return has_file_below(run.tool.runtime_folder(), "qmp.monitor"); }};
}

Phase probe_is_known() {
  return {"ItsAnswersAreKept", [](const Running &run) {
            return any_in<fs::recursive_directory_iterator>(
                run.cache / "libvirt", [](const Entry &entry) { return entry.path().extension() == ".xml"; });
          }};
}

Phase has_a_real_guest() {
  return {"TheFirstGuestIsThere",
          [](const Running &run) { return any_guest(run, [](const std::string &line) { return !is_probe(line); }); }};
}

Phase snapshot_begun() {
  return {"ASnapshotIsBegun", [](const Running &run) { return partial_has(run, "maker"); }};
}

Phase snapshot_half_copied() {
  return {"ItsStateIsBeingCopied", [](const Running &run) { return partial_has(run, "state.qcow2"); }};
}

Phase snapshot_has_its_manifest() {
  return {"ItsManifestIsWritten", [](const Running &run) { return partial_has(run, "manifest.json"); }};
}

Phase snapshot_kept() {
  return {"ItIsKept", kept};
}

}  // namespace phase
}  // namespace kmodtest::e2e
