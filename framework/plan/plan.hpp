// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error_code.hpp"
#include "base/guest_devices.hpp"
#include "plan/choices.hpp"
#include "plan/location.hpp"
#include "wire/program.hpp"

namespace kmodtest::plan {

struct Fault;
struct Node;
struct Schedule;

/// An error or a warning about a plan.
struct Diagnostic {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  base::Code code = base::Code::none;
  Location where;
  std::string message;  ///< "unknown key 'memroy' (did you mean 'memory'?)"
  std::string source;   ///< the line of the file
  int width = 1;        ///< characters to underline

  /// Returns "file:7:5: error[K0206]: message\n   7 |   memroy: 1G\n     |   ^~~~~~\n".
  std::string str() const;
};

/// A NUMA cell of a guest.
struct NumaCell {
  std::string cpus;  ///< list format
  std::uint32_t memory_mib = 0;
  bool operator==(const NumaCell &) const = default;
};

/// The number of a guest's CPUs, and their layout if the plan gives one.
struct CpuLayout {
  int cpus = 1;
  int sockets = 0, cores = 0, threads = 0;  ///< 0: not given
  std::string text = {};                    ///< "2x4x1", as a case's id shows it; empty: not given
  bool operator==(const CpuLayout &) const = default;
};

/// The hardware of a case's guest.
struct GuestShape {
  int cpus = 1;
  int sockets = 0, cores = 0, threads = 0;  ///< 0: not given; else their product is `cpus`
  std::uint32_t memory_mib = 256;
  std::vector<NumaCell> numa;  ///< empty: one node
  std::vector<base::ChosenDevice> devices = {};
  Channel channel = Channel::memory;
  std::string append;  ///< further words for the kernel's command line
  bool operator==(const GuestShape &) const = default;
};

/// How the modules in a folder are built, apart from what the folder itself says.
struct ModuleBuild {
  std::filesystem::path tree = {};     ///< absolute; is copied as a whole; empty: the folder, and what it names above
  std::vector<std::string> make = {};  ///< VAR=VALUE
  std::string target = {};             ///< of make
  std::string before = {};             ///< a command that runs before make
  bool scripts = false;                ///< commands other than make are allowed on this machine
  bool operator==(const ModuleBuild &) const = default;
};

/// A module that a plan names, or the modules that a run without a plan finds.
struct ModuleSource {
  enum class Kind {
    folder,     ///< with a Kbuild, a Makefile or a dkms.conf
    file,       ///< a .ko, compressed or not
    collection  ///< a folder of .ko files, or an archive with some
  };
  Kind kind = Kind::folder;
  std::filesystem::path path;  ///< absolute
  std::string name;            ///< as lsmod prints it; for a folder the given name or the folder's own
  Location where;
  ModuleBuild build = {};
  bool all = false;                     ///< every module that is found there; their names are known after the build
  std::vector<std::string> picks = {};  ///< with `all`: only these, and what they need of the others
  bool operator==(const ModuleSource &) const = default;
};

/// A parameter that the command line sets, whatever the plan says.
struct ParameterSetting {
  std::string module;  ///< as lsmod prints it; empty: each module that has the parameter
  std::string name;
  std::string value;
  bool operator==(const ParameterSetting &) const = default;
};

/// A module that stands in for one that plans name (--module NAME=PATH).
struct Implementation {
  std::string module;          ///< as lsmod prints it
  std::filesystem::path path;  ///< as given: a folder that builds the module, or its .ko
  bool operator==(const Implementation &) const = default;
};

/// A file of the user's that the guest gets.
struct FileSource {
  std::filesystem::path from;  ///< absolute; a file, or a folder with everything in it
  std::string to;              ///< absolute, in the guest
  bool operator==(const FileSource &) const = default;
};

/// `modinfo`: judged by the controller from the .ko alone.
struct ModinfoCondition {
  std::string module;
  std::map<std::string, wire::Pattern>
      fields;  ///< description, author, license, depends, name, vermagic, version, parm:NAME…
  bool operator==(const ModinfoCondition &) const = default;
};

/// `sched`: conditions on the trace of the scheduler, judged by the controller. CPU sets are bits.
struct SchedCondition {
  /// The time from a wake-up of a thread until it gets a CPU: at most `most` for `percent` of 100.
  struct Latency {
    int percent = 100;
    wire::Microseconds most{0};
    bool operator==(const Latency &) const = default;
  };
  /// The share of the threads' time on all CPUs that they spend on these.
  struct Share {
    std::uint64_t cpus = 0;
    wire::Range percent;
    bool operator==(const Share &) const = default;
  };
  struct WakeInterval {
    wire::Microseconds min{0};
    wire::Microseconds max{0};
    bool operator==(const WakeInterval &) const = default;
  };
  std::string thread;                       ///< shell glob; empty only if `never_together` is alone
  std::optional<wire::Range> count;         ///< the number of threads that run; without it at least one, and each runs
  std::optional<std::uint64_t> only_on;     ///< each runs on no other CPU
  std::optional<std::uint64_t> runs_on;     ///< all of these CPUs: together they run on each of them
  std::optional<std::int32_t> node;         ///< each runs only on CPUs of this NUMA node
  std::optional<wire::Range> migrations;    ///< of each
  std::vector<Share> shares;                ///< of all threads together
  std::optional<WakeInterval> wakes;        ///< from each wake-up of a thread to its next
  std::vector<Latency> latencies;           ///< of each
  std::vector<std::string> never_together;  ///< shell globs
  char state = 'R';                         ///< the state in which these are never at the same time
  wire::LogScope since = wire::LogScope::start;
  bool operator==(const SchedCondition &) const = default;
};

/// Numbers of an ioctl step that are expressions of C, with names that a header defines.
struct HeaderNumbers {
  std::string header;   ///< an absolute path, or a name in <>: one that the kernel or the host has for programs
  std::string request;  ///< empty: the step has the number
  std::string number;   ///< the argument; empty: as above
  bool operator==(const HeaderNumbers &) const = default;
};

/// A step of a case, with every ${…} filled in.
struct Step {
  Location where;
  std::string key;                          ///< "load", "dmesg", "ps"…
  std::string source;                       ///< the plan's line, for failures
  std::optional<wire::Step> guest;          ///< what the agent executes
  std::optional<ModinfoCondition> modinfo;  ///< or what the controller checks
  std::optional<SchedCondition> sched;      ///< of a sched step, in addition to `guest`: what the controller checks
  std::optional<HeaderNumbers> numbers;     ///< of an ioctl step: what is only known where a compiler is
  std::uint32_t points = 0;                 ///< for those who grade: what the step is worth if it holds
  std::vector<Location> part_locations;  ///< dmesg: of each in_order, contains, absent, count, interval in this order
};

/// The always-on checks; a plan can switch one off or list exceptions.
struct Checks {
  bool reports = true;                     ///< no kernel report
  bool taint = true;                       ///< no taint except for the module's own
  bool parameters = true;                  ///< no parameter that the module does not have
  bool tests = true;                       ///< no test inside the guest that failed (KTAP)
  bool leftovers = true;                   ///< nothing left after unload, nothing that grows in a repeat
  bool memory = false;                     ///< what the modules allocate is followed, and none of it may be left
  Races races = Races::none;               ///< no data race of the modules
  std::vector<std::string> allow_entries;  ///< shell globs of entries that may stay
  std::vector<std::string> allow_threads;
  std::vector<std::string> allow;  ///< shell globs of KIND:NAME (judge/leftovers.cpp and growth.cpp have the kinds)
};

/// A kernel option that a plan needs.
struct Need {
  std::string name;    ///< as in the plan: "kasan", "CONFIG_SMP"
  std::string option;  ///< "CONFIG_KASAN", "CONFIG_SMP"
  bool operator==(const Need &) const = default;
};

/// The failure that a plan expects. At least one of `reports` and `verdict` is given.
struct Expect {
  std::vector<wire::Pattern> reports = {};  ///< each must match a kernel report; no other report may occur
  ExpectedVerdict verdict = ExpectedVerdict::passed;
  std::vector<wire::Pattern> says = {};  ///< each must match a line of that verdict's summaries
  Location where = {};
  std::string source = {};  ///< the plan's line, for failures
};

/// One plan at one point of its matrix.
struct Case {
  std::string plan_name;                     ///< `name:` of the plan
  std::vector<std::string> tags;             ///< of the plan
  std::string id;                            ///< "ex7_4 [cpus=4 cpu=3]": file stem and the point; unique within a plan
  std::map<std::string, std::string> point;  ///< matrix variables, "cpus" and "kernel" among them
  std::filesystem::path plan_file;           ///< empty for a run without a plan
  std::filesystem::path input = {};          ///< of a run without a plan: what the user named, absolute
  GuestShape guest;
  std::string kernel;  ///< catalogue name, path of a kernel, or "host"; empty: the default
  std::vector<ModuleSource> modules;
  std::vector<ModuleSource> companions = {};  ///< the other inputs of a run without a plan: loaded if they are needed
  std::vector<std::string> kernel_modules;    ///< shipped by the kernel; loaded first, after what they depend on
  std::vector<FileSource> files = {};         ///< of the user's
  std::vector<std::string> packages = {};     ///< of the distribution, for the guest
  std::vector<ParameterSetting> params = {};  ///< of the command line
  std::vector<Implementation> implementations = {};  ///< of the command line, which took the place of the plan's own
  std::vector<Step> steps;  ///< an unload is added at the end if the plan leaves a module loaded
  Checks checks;
  std::optional<Expect> expect;   ///< nothing: it must pass
  wire::Microseconds timeout{0};  ///< of the whole case, in guest time after READY
  Time time = Time::automatic;
  std::uint64_t seed = 0;                    ///< of the guest's random pool and start; 0: none
  std::shared_ptr<const Schedule> schedule;  ///< null: the guest runs as it does on its own
  std::shared_ptr<const Fault> fault = {};   ///< null: the plan says nothing about calls that fail
  std::optional<std::string> skip;           ///< reason
  std::vector<Need> needs;                   ///< skipped on a kernel that lacks one of them
  std::vector<std::string> options;  ///< command-line words that shaped this case ("--cpus", "8"), to run it again
  std::shared_ptr<const Node> tree;  ///< of the plan's file; null for a plan made from a .ko
  bool of_a_program = false;         ///< a program asked for its steps one by one: no file contains them

  /// Returns whether both are the same point of the same plan; one can have its modules filled in.
  bool is(const Case &other) const { return id == other.id && plan_file == other.plan_file && input == other.input; }
};

/// A plan file, validated and expanded.
struct Plan {
  std::string name;
  std::filesystem::path file;
  std::string description;
  std::vector<std::string> tags;
  std::vector<Case> cases;
};

/// Command-line options that override a plan's matrix.
struct Overrides {
  std::vector<int> cpus;               ///< --cpus: replaces guest.cpus and guest.topology
  std::vector<CpuLayout> topologies;   ///< --topology: replaces them, too
  std::vector<std::string> kernels;    ///< --kernel: replaces `kernel`
  std::vector<std::string> catalogue;  ///< the kernels that `all` and patterns stand for
  std::optional<std::uint32_t> memory_mib;
  Time time = Time::automatic;                       ///< --time: replaces `time` unless automatic
  std::uint64_t seed = 0;                            ///< --seed
  std::optional<std::uint32_t> load_cycles;          ///< --load-cycles: for a run without a plan; 1: no repeat
  std::vector<std::filesystem::path> module_roots;   ///< for `module: NAME`, in addition to the plan's own folder
  std::vector<std::string> make = {};                ///< --make: VAR=VALUE for each build
  std::vector<std::string> modules = {};             ///< --module: of a run without a plan, only these
  std::vector<Implementation> implementations = {};  ///< --module NAME=PATH: those of one module are an axis
  bool build_scripts = false;                        ///< --build-scripts
  std::vector<ParameterSetting> params = {};         ///< --param
  bool check_memory = false;                         ///< --check-memory
  Races check_races = Races::none;                   ///< --races
  bool strict = false;                               ///< --strict: the kernel checks memory that it frees
  std::uint64_t failing_call = 0;                    ///< --fail: the call with this number fails; 0: none
};

struct ParseResult {
  std::optional<Plan> plan;  ///< absent if there is any error
  std::vector<Diagnostic> diagnostics;
};

/// Reads, validates and expands a plan; reports all its errors at once. Throws base::Error only if the file cannot be
/// read.
ParseResult parse_plan_file(const std::filesystem::path &file, const Overrides &overrides = {});

/// Parses a plan from text; `file` is for messages and for resolving module folders.
ParseResult parse_plan_text(const std::string &text, const std::filesystem::path &file,
                            const Overrides &overrides = {});

/// Returns the plan for `kmodtest run my-module.ko`: load, watch for a second, unload, the always-on checks. A folder
/// that is built, and a collection, stand for all their modules: with_modules() fills them in.
Plan plan_for_module(const std::vector<std::filesystem::path> &modules, const Overrides &overrides = {});

/// Returns a case of a run without a plan with these modules, in the order of loading.
Case with_modules(Case test_case, std::vector<ModuleSource> modules);

/// Returns the JSON Schema (draft 2020-12) of plans, generated from the table that the parser uses.
std::string json_schema();

/// Returns the reference of the vocabulary in Markdown, generated from the parser's table (testplans/README.md holds
/// it).
std::string reference_markdown();

}  // namespace kmodtest::plan
