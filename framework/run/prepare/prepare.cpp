// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/prepare.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "base/error.hpp"
#include "kernel/boot/vmlinux.hpp"
#include "kernel/programs/header_numbers.hpp"
#include "kernel/symbols/symbols.hpp"
#include "plan/steps/header_numbers.hpp"
#include "plan/steps/step_input.hpp"
#include "run/explore/module_map.hpp"
#include "run/guests/machine_choice.hpp"
#include "run/prepare/lack.hpp"
#include "run/prepare/needs.hpp"
#include "run/prepare/parameters.hpp"
#include "run/prepare/size.hpp"
#include "run/races/race_file.hpp"
#include "storage/cache_folder.hpp"
#include "text/module_name.hpp"
#include "text/words.hpp"

namespace kmodtest::run {

namespace fs = std::filesystem;

namespace {

/// The initramfs has a link to it in /lib/modules (kernel/boot/initramfs.cpp).
constexpr const char *kRequestable = "/tmp/modules/requestable";

/// Returns the names in the texts of the modules and in the steps of a case that can be names of modules.
std::vector<std::string> possible_names(const plan::Case &test_case, const std::vector<kernel::ModuleInfo> &modules) {
  std::vector<std::string> names;
  const auto add = [&names](const std::string &text) {
    for (auto &name : kernel::possible_names(text)) names.push_back(std::move(name));
  };
  for (const auto &module : modules) {
    for (const auto &text : module.texts) {
      if (text.find_first_of(" \t\n") == std::string::npos) add(text);  // the others are messages
    }
  }
  for (const auto &step : test_case.steps) {
    if (!step.guest) continue;
    if (const auto *run = std::get_if<wire::RunCommand>(&step.guest->body)) add(run->command);
    if (const auto *write = std::get_if<wire::WriteFile>(&step.guest->body)) add(write->content);
    if (const auto *load = std::get_if<wire::Load>(&step.guest->body)) {
      for (const auto &module : load->modules)
        for (const auto &[name, value] : module.params) add(value);
    }
  }
  return names;
}

/// Checks the parameters of a load or a repeat.
void check_parameters(const wire::Step &step, Prepared &prepared) {
  const auto *load = std::get_if<wire::Load>(&step.body);
  const auto *repeat = std::get_if<wire::Repeat>(&step.body);
  if (load == nullptr && repeat == nullptr) return;
  for (const auto &module : load != nullptr ? load->modules : repeat->modules) {
    for (const auto &info : prepared.modules) {
      if (text::lsmod_name(info.name) != module.name) continue;
      for (auto &finding : kernel::check_parameters(info, module.params)) {
        const auto same = [&](const kernel::PreflightFinding &one) { return one.message == finding.message; };
        const auto &known = prepared.preflight;
        if (std::none_of(known.begin(), known.end(), same)) prepared.preflight.push_back(std::move(finding));
      }
    }
  }
}

void append(std::vector<std::string> &names, const std::vector<std::string> &more) {
  for (const auto &name : more) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
}

/// Returns whether the modules of a case are known only now.
bool is_open(const plan::Case &test_case) {
  return !test_case.companions.empty() || std::any_of(test_case.modules.begin(), test_case.modules.end(),
                                                      [](const plan::ModuleSource &source) { return source.all; });
}

/// A kernel that has all that a module asks for, and for which it does not build, is nearer to what the user means.
/// Another error, such as a download that fails, is not about the module.
void rethrow_build_error(const std::exception_ptr &error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const kernel::BuildError &) {
    throw;
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &) {
  }
}

bool needs_numbers(const plan::Step &step) {
  return step.numbers && !(step.numbers->request.empty() && step.numbers->number.empty());
}

/// Fills in what only the build, the command line and a compiler know.
void complete(const plan::Case &test_case, std::vector<plan::ModuleSource> modules, const fs::path &cache,
              Prepared &prepared) {
  const bool open = is_open(test_case);
  const bool lacks_numbers = std::any_of(test_case.steps.begin(), test_case.steps.end(), needs_numbers);
  if (!open && !lacks_numbers && test_case.params.empty()) return;
  plan::Case whole = open ? plan::with_modules(test_case, std::move(modules)) : test_case;
  for (plan::Step &step : whole.steps) {
    plan::fill_in_numbers(step, [&](const std::string &header, const std::string &expression) {
      auto found = kernel::number_in_header(header, expression, prepared.kernel, cache);
      prepared.number_files.push_back(std::move(found.kept));
      return found.number;
    });
  }
  prepared.completed = std::make_shared<const plan::Case>(with_parameters(std::move(whole), prepared.modules));
}

/// A driver of the kernel finds its devices after it was loaded, and a module under test must not be accused of them:
/// usb-storage first waits for a second (its parameter delay_use). Waiting costs nothing under virtual time.
wire::Microseconds time_for_devices(const plan::Case &test_case, const vm::GuestSpec &spec) {
  constexpr wire::Microseconds kQuiet{1'500'000};
  const bool is_free = spec.clock == vm::Clock::virtual_ && !test_case.kernel_modules.empty();
  return is_free || !spec.devices.empty() ? kQuiet : wire::Microseconds{0};
}

}  // namespace

Preparer::Preparer(KernelChoice choice, std::filesystem::path cache, base::NoticeSink &notices)
    : choice_(std::move(choice)),
      cache_(std::move(cache)),
      notices_(notices),
      store_(kernel::read_catalogue(storage::data_folder() / "kernels.yaml"), cache_, notices) {}

void Preparer::renew() {
  kernels_.forget_problems();
  boot_files_.forget_problems();
  modules_.forget();
  group_builds_.forget();
  contents_.forget();
  libraries_.forget();
  packages_.forget_problems();
}

std::string Preparer::kernel_name(const plan::Case &test_case) const {
  if (!test_case.kernel.empty()) return test_case.kernel;
  return choice_.name.empty() ? store_.default_entry().name : choice_.name;
}

void Preparer::check_kernels(const std::vector<std::shared_ptr<const plan::Case>> &cases) const {
  std::set<std::string> names;
  for (const auto &test_case : cases) {
    if (!test_case->skip) names.insert(kernel_name(*test_case));
  }
  for (const auto &name : names) store_.check(name, choice_.modules_dir, choice_.headers);
}

kernel::Kernel Preparer::resolve_kernel(const std::string &name) {
  const std::function<kernel::Kernel()> make = [&] {
    const std::lock_guard guard(store_mutex_);
    return store_.resolve(name, choice_.modules_dir, choice_.headers);
  };
  return kernels_.get(name, make);
}

void Preparer::add_kernel_modules(const plan::Case &test_case, const std::vector<std::string> &names,
                                  Prepared &prepared) {
  if (names.empty()) return;
  if (prepared.kernel.modules_dir.empty()) {
    throw base::UsageError(base::Code::no_modules_folder,
                           fmt::format("{} asks for modules of the kernel, but kernel {} has no modules folder",
                                       test_case.id, prepared.kernel.name),
                           "give its lib/modules/RELEASE with --modules-dir");
  }
  for (const auto &file : kernel::modules_with_dependencies(prepared.kernel.modules_dir, names)) {
    const std::string name = kernel::module_name_of(file);
    const std::string path = fmt::format("/tmp/modules/kernel/{}.ko", name);
    prepared.files.push_back({.path = path,
                              .content = std::make_shared<const std::string>(kernel::read_module(file)),
                              .of_the_kernel = true});
    prepared.program.prerequisites.push_back({.name = name, .path = path, .params = {}});
  }
}

Preparer::Tried Preparer::try_on(const std::string &kernel, const plan::Case &test_case) {
  Tried tried;
  try {
    tried.prepared = prepare_on(kernel, test_case);
    tried.lack = tried.prepared->lacks_options ? tried.prepared->skip : lack_in(tried.prepared->preflight);
  } catch (const base::Error &error) {
    tried.error = std::current_exception();
    tried.lack = lack_in(error, kernel);
  }
  return tried;
}

void Preparer::add_requestable_modules(const plan::Case &test_case, Prepared &prepared) {
  const auto &folder = prepared.kernel.modules_dir;
  if (folder.empty()) return;
  using Requestable = std::shared_ptr<const kernel::RequestableModules>;
  const std::function<Requestable()> make = [&] { return std::make_shared<const kernel::RequestableModules>(folder); };
  const auto selection = requestable_.get(folder.string(), make)->named_by(possible_names(test_case, prepared.modules));
  if (selection.empty()) return;
  const auto push = [&](const std::string &name, std::string content) {
    prepared.files.push_back({.path = fmt::format("{}/{}/{}", kRequestable, prepared.kernel.release, name),
                              .content = std::make_shared<const std::string>(std::move(content)),
                              .of_the_kernel = true});
  };
  for (const auto &file : selection.files) push(kernel::module_name_of(file) + ".ko", kernel::read_module(file));
  push("modules.dep", selection.dependencies);
  push("modules.alias", selection.aliases);
  push("modules.builtin", selection.builtin);
}

Prepared Preparer::prepare(const plan::Case &test_case) {
  const std::string kernel = kernel_name(test_case);
  Tried first = try_on(kernel, test_case);
  if (first.lack && test_case.kernel.empty() && choice_.name.empty()) {
    const bool not_built = first.prepared && first.prepared->skip;
    if (auto fuller = prepare_on_fuller(kernel, *first.lack, not_built, test_case)) return std::move(*fuller);
  } else if (first.lack) {
    name_fuller(kernel, first);
  }
  if (first.error) std::rethrow_exception(first.error);
  return std::move(*first.prepared);
}

std::optional<Prepared> Preparer::prepare_on_fuller(std::string kernel, std::string lack, bool not_built,
                                                    const plan::Case &test_case) {
  while (!store_.fuller_than(kernel).empty()) {
    kernel = store_.fuller_than(kernel);
    Tried tried = try_on(kernel, test_case);
    if (tried.prepared && !tried.lack) {
      say_once(fmt::format("{}, so {} runs on {}", lack, test_case.plan_name, kernel));
      return std::move(tried.prepared);
    }
    if (!tried.lack) {
      rethrow_build_error(tried.error);
      return std::nullopt;
    }
    // Where the module was built, what it lacks is nearer to what the user means than that another kernel cannot build
    // it.
    if (not_built && tried.prepared && !tried.prepared->skip) return std::move(tried.prepared);
    lack = *tried.lack;
  }
  return std::nullopt;
}

/// Adds to what keeps a case from running on the kernel that it names which other kernel may have what is missing.
void Preparer::name_fuller(const std::string &kernel, Tried &tried) const {
  const std::string fuller = store_.fuller_than(kernel);
  if (fuller.empty()) return;
  const std::string hint = fmt::format("use the kernel {}, which has more modules", fuller);
  if (tried.prepared) {
    for (auto &finding : tried.prepared->preflight)
      if (finding.code == base::Code::missing_symbol) finding.hint = hint;
    return;
  }
  try {
    std::rethrow_exception(tried.error);
  } catch (const kernel::BuildError &error) {
    const std::string own = error.hint().empty() ? "" : error.hint() + ": ";
    tried.error = std::make_exception_ptr(kernel::BuildError(error, own + hint));
  } catch (const base::Error &error) {
    tried.error = std::make_exception_ptr(
        base::UsageError(error.code(), error.what(), fmt::format("{}, or {}", error.hint(), hint)));
  }
}

void Preparer::say_once(const std::string &text) {
  const std::lock_guard guard(said_mutex_);
  if (said_.insert(text).second) notices_.say(text);
}

void set_schedule(const plan::Schedule &schedule, Prepared &prepared) {
  prepared.schedule = points_of(schedule, prepared.modules);
  prepared.program.delays.assign(prepared.program.steps.size(), wire::Microseconds{0});
  for (const auto &delay : schedule.delays)
    if (delay.step <= prepared.program.delays.size()) prepared.program.delays[delay.step - 1] = delay.wait;
}

namespace {

/// Sets what QEMU gets to look for data races.
void set_race_request(const plan::Case &test_case, Prepared &prepared) {
  // Without it threads have no names.
  const kernel::KernelImage *names = prepared.names ? prepared.names->get_if_readable() : nullptr;
  wire::RaceRequest request = race_request(prepared.kernel, names, prepared.modules);
  request.seed = test_case.seed;
  if (test_case.checks.races == plan::Races::order) request.way = wire::RaceWay::order;
  prepared.races = std::make_shared<const wire::RaceRequest>(request);
}

}  // namespace

Prepared Preparer::prepare_on(const std::string &kernel_name, const plan::Case &test_case) {
  Prepared prepared;
  prepared.kernel = resolve_kernel(kernel_name);
  prepared.skip = unmet_needs(test_case.needs, prepared.kernel);
  if (prepared.skip) return prepared;

  const std::function<BootFiles()> make = [&] {
    const auto names = kernel::uncompressed_image_for(prepared.kernel, cache_);
    return BootFiles{.image = kernel::bootable_image_for(prepared.kernel, cache_),
                     .initramfs = kernel::initramfs_for(prepared.kernel, cache_),
                     .names = std::make_shared<kernel::LazyKernelImage>(names),
                     .checks_itself = checks_itself(prepared.kernel)};
  };
  auto boot = boot_files_.get(prepared.kernel.digest + prepared.kernel.modules_dir.string(), make);
  if (!test_case.packages.empty()) {
    prepared.packages = packages_of(test_case);
    boot.initramfs = kernel::initramfs_with(boot.initramfs, prepared.packages, cache_);
  }
  prepared.spec = guest_spec(test_case.guest, prepared.kernel, boot);
  prepared.names = boot.names;
  prepared.kernel_checks_itself = boot.checks_itself;
  if (prepared.spec.channel == vm::ChannelKind::virtio) prepared.spec.channel = stream_channel(prepared.kernel);

  BuiltModules found = modules_of(test_case, prepared.kernel);
  prepared.skip = found.skip;
  prepared.lacks_options = found.lacks_options;
  if (prepared.skip) return prepared;
  const auto infos = found.infos();
  std::vector<std::string> wanted = test_case.kernel_modules;
  // A program loads its modules one by one, long after these would have to be there.
  if (!test_case.of_a_program) {
    for (const auto &info : infos) append(wanted, kernel::needed_kernel_modules(info, prepared.kernel, infos));
  }
  add_kernel_modules(test_case, wanted, prepared);
  std::vector<std::string> loaded;
  for (const auto &module : prepared.program.prerequisites) loaded.push_back(module.name);
  for (std::size_t i = 0; i < found.modules.size(); ++i) {
    auto &module = found.modules[i];
    auto findings = kernel::preflight(module.info, prepared.kernel, prepared.modules, loaded);
    std::move(findings.begin(), findings.end(), std::back_inserter(prepared.preflight));
    prepared.files.push_back({.path = plan::guest_module_path(found.sources[i].name), .content = module.content});
    prepared.program.modules.push_back(text::lsmod_name(found.sources[i].name));
    prepared.modules.push_back(std::move(module.info));
  }
  prepared.build_log += found.log;
  complete(test_case, std::move(found.sources), cache_, prepared);
  add_files(test_case, prepared);
  if (plan::needs_fault_module(test_case)) add_fault_module(plan::fault_of(test_case), prepared);
  add_requestable_modules(test_case, prepared);
  const plan::Case &whole = prepared.completed ? *prepared.completed : test_case;
  for (const auto &step : whole.steps) {
    if (!step.guest) continue;
    prepared.program.steps.push_back(*step.guest);
    if (step.sched) prepared.program.trace_sched = true;
    if (test_case.checks.parameters) check_parameters(*step.guest, prepared);
  }
  choose_shared_memory(prepared);
  if (auto finding = find_too_large(prepared)) prepared.preflight.push_back(std::move(*finding));
  prepared.program.timeout = whole.timeout;
  prepared.program.seed = test_case.seed;
  if (test_case.schedule) set_schedule(*test_case.schedule, prepared);
  if (test_case.checks.races != plan::Races::none) set_race_request(test_case, prepared);
  prepared.program.renewed_devices = vm::unsaved_devices(prepared.spec);
  prepared.program.settles = time_for_devices(test_case, prepared.spec);
  return prepared;
}

std::string describe(const Prepared &prepared) {
  const vm::GuestSpec &spec = prepared.spec;
  return fmt::format("{}, {}, {} MiB, {} time", prepared.kernel.release,
                     text::counted(static_cast<std::size_t>(spec.cpus), "CPU"), spec.memory_mib,
                     spec.clock == vm::Clock::virtual_ ? "virtual" : "real");
}

}  // namespace kmodtest::run
