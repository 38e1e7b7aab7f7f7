// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/artifacts/bundle.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/utsname.h>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "outcome/result.hpp"
#include "plan/case_text.hpp"
#include "plan/schedule.hpp"
#include "report/failure/failure.hpp"
#include "report/terminal/palette.hpp"
#include "storage/digest.hpp"
#include "storage/output_file.hpp"
#include "text/escape.hpp"
#include "text/json.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"

namespace kmodtest::report {
namespace {

namespace fs = std::filesystem;
using text::Json;

constexpr const char *kCaseFile = "case.json";
constexpr const char *kCaseFolder = "case";
constexpr const char *kSchema = "kmodtest-case";

struct KnownFile {
  const char *name;
  const char *what;
};
/// Lists the files in the order of their use to a reader.
constexpr std::array<KnownFile, 18> kKnownFiles = {{
    {"verdict.txt", "the verdict and the reasons"},
    {"trace.txt", "the kernel reports with the modules' source lines"},
    {"autopsy.txt", "what each CPU and each unfinished task was executing"},
    {"vmcore", "the guest's memory, for crash(8) and drgn"},
    {"explanation.txt", "what the schedule does, with the source lines"},
    {"schedule.txt", "the schedule under which the case ran"},
    {"kmsg.log", "the kernel log of this case, with the steps of the plan in it"},
    {"console.log", "the output of the serial console; after a panic the kernel log from the memory of the guest"},
    {"pointers.txt", "words of the guest's memory that point to where an unloaded module was"},
    {"ps.txt", "the kernel threads that were seen, and when"},
    {"lsmod.txt", "the modules that were seen, and when"},
    {"events.jsonl", "all messages of the agent, one JSON object per line"},
    {"plan.yaml", "the original plan"},
    {"case", "a plan of just this case, its variables filled in, the modules as they were pushed, and their sources"},
    {"case.json", "the input of kmodtest rerun"},
    {"about.txt", "versions, guest, host, modules and where their sources are"},
    {"domain.xml", "the virtual machine, as defined in libvirt"},
    {"build.log", "the output of make"},
}};

void copy_into_case(const fs::path &from, const fs::path &to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error)
    throw base::Error(base::Code::cannot_write,
                      fmt::format("cannot copy {} to {}: {}", from.string(), to.string(), error.message()),
                      "free some space there, or name another folder with --out");
}

/// Copies the sources that lie next to a module that was built: a rerun shows their lines. Must precede the module's
/// copy, because a source that is newer than its module is not shown.
void copy_sources(const fs::path &from, const fs::path &to) {
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(from, error)) {
    const std::string name = entry.path().filename().string();
    const bool source = name.ends_with(".h") || (name.ends_with(".c") && !name.ends_with(".mod.c"));
    if (source && entry.is_regular_file(error) && !fs::exists(to / name, error))
      copy_into_case(entry.path(), to / name);
  }
}

/// Returns whether there is anything to run: not if a module was not built or no guest was prepared.
bool can_run_again(const outcome::CaseFinished &finished) {
  return !finished.test_case->of_a_program && !finished.machine.kernel.empty() && finished.seen &&
         finished.seen->modules.size() == finished.test_case->modules.size() && !finished.test_case->modules.empty();
}

/// Returns whether the kernel is a file: a plan can only name kernels of the catalogue.
bool is_a_file(const std::string &kernel) {
  return kernel.find('/') != std::string::npos;
}

std::string plan_name(const plan::Case &test_case) {
  const std::string stem = test_case.id.substr(0, test_case.id.find(" ["));
  return (stem.find('/') == std::string::npos && !stem.empty() ? stem : std::string("case")) + ".yaml";
}

void write_case(const fs::path &folder, const outcome::CaseFinished &finished) {
  const plan::Case &test_case = *finished.test_case;
  const fs::path inner = folder / kCaseFolder;
  std::error_code error;
  fs::create_directory(inner, error);
  if (error)
    throw base::Error(base::Code::cannot_write,
                      fmt::format("cannot make the folder {}: {}", inner.string(), error.message()),
                      "free some space there, or name another folder with --out");
  const outcome::Machine &machine = finished.machine;
  const plan::RunChoices choices{is_a_file(machine.kernel) ? "" : machine.kernel,
                                 machine.virtual_time ? plan::Time::virtual_time : plan::Time::real_time};
  const std::string head = fmt::format("# Made by kmodtest of {}.\n", text::printable(test_case.id));
  storage::write_file(inner / plan_name(test_case), head + plan::case_text(test_case, choices));
  if (test_case.schedule) storage::write_file(inner / plan::kBundledSchedule, plan::schedule_text(*test_case.schedule));
  const std::vector<plan::ModuleSource> &modules = test_case.modules;
  if (modules.size() == 1 && modules.front().kind == plan::ModuleSource::Kind::folder) {
    copy_sources(finished.seen->modules.front().file.parent_path(), inner);
  }
  for (std::size_t i = 0; i < modules.size(); ++i) {
    copy_into_case(finished.seen->modules[i].file, inner / plan::bundled_module(modules[i]));
  }
}

Json case_json(const outcome::CaseFinished &finished, const std::string &version) {
  const plan::Case &test_case = *finished.test_case;
  const outcome::Machine &machine = finished.machine;
  Json json;
  json["schema"] = kSchema;
  json["version"] = 1;
  json["id"] = test_case.id;
  json["outcome"] = outcome::result_name(outcome::result_of(finished));
  json["kmodtest"] = version;
  json["plan"] = can_run_again(finished) ? Json(fs::path(kCaseFolder) / plan_name(test_case)) : Json(nullptr);
  json["kernel"] = is_a_file(machine.kernel) ? machine.kernel_image.string() : "";
  json["modules_dir"] = machine.modules_dir.empty() ? "" : fs::absolute(machine.modules_dir).string();
  json["headers"] = machine.headers.empty() ? "" : fs::absolute(machine.headers).string();
  json["seed"] = test_case.seed;
  json["kvm"] = machine.virtual_time || machine.kvm;  // false: a rerun has to switch KVM off
  json["trace"] = machine.traced;
  json["check_memory"] = test_case.checks.memory;
  json["check_races"] = plan::races_name(test_case.checks.races);
  json["digest"] = finished.digest;
  return json;
}

std::string line(std::string_view label, std::string_view value) {
  return value.empty() ? ""
                       : fmt::format("{} {}\n", text::pad_right(fmt::format("{}:", label), 13), text::printable(value));
}

std::string guest_line(const outcome::CaseFinished &finished) {
  const plan::GuestShape &guest = finished.test_case->guest;
  std::string text =
      fmt::format("{}, {} MiB", text::counted(static_cast<std::size_t>(guest.cpus), "CPU"), guest.memory_mib);
  if (guest.sockets > 0) text += fmt::format(", {}×{}×{}", guest.sockets, guest.cores, guest.threads);
  if (!guest.numa.empty()) text += ", " + text::counted(guest.numa.size(), "NUMA node");
  if (finished.machine.kernel.empty()) return text;
  return text + fmt::format(", {} time, {}, channel {}", finished.machine.virtual_time ? "virtual" : "real",
                            finished.machine.kvm ? "KVM" : "emulated", plan::channel_name(guest.channel));
}

std::string host_line() {
  utsname host{};
  ::uname(&host);
  return fmt::format("{} {} {}, {}", host.sysname, host.release, host.machine,
                     text::counted(std::thread::hardware_concurrency(), "CPU"));
}

std::string module_lines(const outcome::CaseFinished &finished) {
  std::string text;
  const std::vector<plan::ModuleSource> &modules = finished.test_case->modules;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    text += line("module", modules[i].name);
    text += line("  source", modules[i].path.string());
    if (!finished.seen || i >= finished.seen->modules.size()) continue;
    const kernel::ModuleInfo &info = finished.seen->modules[i];
    text += line("  file", info.file.string());
    std::error_code error;
    if (fs::exists(info.file, error)) text += line("  sha256", storage::sha256_file(info.file));
    for (const char *field : {"vermagic", "version", "srcversion"})
      text += line(fmt::format("  {}", field), info.field(field).value_or(""));
  }
  return text;
}

std::string about_text(const outcome::CaseFinished &finished, const std::string &version) {
  const plan::Case &test_case = *finished.test_case;
  const outcome::Machine &machine = finished.machine;
  std::string text;
  text += line("case", outcome::label(test_case, finished.repeat));
  text += line("plan", test_case.plan_name);
  text += line("plan file", test_case.plan_file.empty() ? "" : fs::absolute(test_case.plan_file).string());
  text += line("ended", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))));
  text += line("digest", finished.digest);
  text += line("seed", test_case.seed == 0 ? "none" : std::to_string(test_case.seed));
  text += '\n' + line("kmodtest", version) + line("hypervisor", machine.hypervisor) + line("host", host_line());
  text += '\n' + line("kernel", fmt::format("{} ({})", finished.kernel_release, machine.kernel));
  text += line("image", machine.kernel_image.string());
  text += line("command line", machine.command_line) + line("guest", guest_line(finished));
  return text + '\n' + module_lines(finished);
}

std::string readme_text(const fs::path &folder, const outcome::CaseFinished &finished) {
  std::string text = headline(finished, Palette(false));
  if (const std::string why = reason(finished); !why.empty()) text += ": " + text::printable(why);
  text += "\n\n";
  if (can_run_again(finished)) {
    text +=
        "To run exactly this case again, here or on another machine, use the path of this folder:\n\n"
        "    kmodtest rerun FOLDER\n\n"
        "To inspect its guest, add --pause-on-failure or --gdb.\n";
    if (is_a_file(finished.machine.kernel))
      text += "Its kernel is a file of the machine that made this folder; elsewhere, name one with --kernel FILE.\n";
  } else if (finished.test_case->of_a_program) {
    text +=
        "A test in C++ chose its steps: run that test again (--gtest_filter). With the same snapshot it has the "
        "digest\n"
        "that verdict.txt shows, unless it does other steps.\n";
  } else {
    text +=
        "It ended before a guest was started, so nothing can be run from this folder. Fix the problem and run\n\n    " +
        text::printable(command_to_repeat(*finished.test_case)) + "\n";
  }
  text += "\nFiles:\n\n";
  std::vector<std::string> others;
  std::error_code ignored;
  for (const auto &entry : fs::directory_iterator(folder, ignored)) others.push_back(entry.path().filename().string());
  std::sort(others.begin(), others.end());
  for (const KnownFile &file : kKnownFiles)
    if (std::erase(others, file.name) > 0)
      text += fmt::format("    {} {}\n", text::pad_right(file.name, 14), file.what);
  for (const std::string &name : others) text += fmt::format("    {}\n", name);
  return text;
}

}  // namespace

void write_bundle(const fs::path &folder, const outcome::CaseFinished &finished, const std::string &version) {
  if (can_run_again(finished)) write_case(folder, finished);
  storage::write_file(folder / kCaseFile, text::json_text(case_json(finished, version), 2) + "\n");
  storage::write_file(folder / "about.txt", about_text(finished, version));
  storage::write_file(folder / "README.txt", readme_text(folder, finished));
}

Bundle read_bundle(const fs::path &folder) {
  const fs::path file = folder / kCaseFile;
  const auto none = [&](const std::string &why) {
    return base::UsageError(
        base::Code::not_a_case_folder,
        fmt::format("{} is not the folder of a case that can be run again: {}", folder.string(), why),
        "name a case's folder below --out, or the one after 'files:' in a failure");
  };
  std::ifstream stream(file);
  if (!stream) throw none(fmt::format("it has no {}", kCaseFile));
  const Json json = Json::parse(stream, nullptr, false);
  try {
    if (json.at("schema").get<std::string>() != kSchema) throw none(fmt::format("its {} is broken", kCaseFile));
    if (json.at("version").get<int>() != 1) throw none("a later version of kmodtest made it");
    if (json.at("plan").is_null()) throw none("the case ended before a guest was started");
    Bundle bundle;
    bundle.plan = fs::absolute(folder / json.at("plan").get<std::string>());
    bundle.kernel = json.at("kernel").get<std::string>();
    bundle.modules_dir = json.at("modules_dir").get<std::string>();
    bundle.headers = json.at("headers").get<std::string>();
    bundle.seed = json.at("seed").get<std::uint64_t>();
    bundle.allow_kvm = json.at("kvm").get<bool>();
    bundle.check_memory = json.value("check_memory", false);
    const Json races = json.value("check_races", Json(""));  // a boolean in folders of earlier versions
    if (races.is_string()) bundle.check_races = races.get<std::string>();
    if (races == true) bundle.check_races = plan::races_name(plan::Races::meet);
    bundle.trace = json.value("trace", false);  // folders of earlier versions do not have it
    bundle.digest = json.at("digest").get<std::string>();
    return bundle;
  } catch (const Json::exception &) {
    throw none(fmt::format("its {} is broken", kCaseFile));
  }
}

}  // namespace kmodtest::report
