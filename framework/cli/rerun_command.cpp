// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstddef>
#include <filesystem>
#include <fmt/core.h>
#include <memory>
#include <string>
#include <utility>

#include "cli/command.hpp"
#include "cli/run_command.hpp"
#include "report/artifacts/bundle.hpp"

namespace kmodtest::cli {

namespace {

/// Compares the digests of the new runs with that of the first one.
class DigestWitness final : public outcome::Listener {
 public:
  explicit DigestWitness(std::string wanted) : wanted_(std::move(wanted)) {}

  void on(const outcome::Event &event) override {
    const auto *finished = std::get_if<outcome::CaseFinished>(&event);
    if (finished == nullptr || finished->digest.empty()) return;
    ++(finished->digest == wanted_ ? same_ : others_);
  }

  /// Returns one line for the user; empty when there is nothing to compare.
  std::string words() const {
    if (wanted_.empty() || same_ + others_ == 0) return "";
    if (others_ == 0) return fmt::format("the digest is that of the first run: {}\n", wanted_);
    if (same_ == 0) return "the digest differs from that of the first run: another snapshot, or another machine\n";
    return fmt::format("the digest is that of the first run in {} of {} runs\n", same_, same_ + others_);
  }

 private:
  std::string wanted_;
  std::size_t same_ = 0, others_ = 0;
};

int run_again(RunCommand &command, const std::filesystem::path &folder) {
  const report::Bundle bundle = report::read_bundle(folder);
  command.plans.inputs = {bundle.plan};
  command.plans.seed = bundle.seed;
  if (command.plans.kernels.empty() && !bundle.kernel.empty()) {
    command.plans.kernels = {bundle.kernel};
    if (command.options.kernel.modules_dir.empty()) command.options.kernel.modules_dir = bundle.modules_dir;
    if (command.options.kernel.headers.empty()) command.options.kernel.headers = bundle.headers;
  }
  command.plans.check_memory = bundle.check_memory;
  command.plans.check_races = bundle.check_races;
  command.no_kvm = command.no_kvm || !bundle.allow_kvm;
  command.options.trace = command.options.trace || bundle.trace;
  DigestWitness digests(bundle.digest);
  command.witness = &digests;
  const int status = command.execute();
  fmt::print(command.console_file(), "{}", digests.words());
  return status;
}

/// Adds a command that runs the case of a folder again.
std::function<int()> add_from_folder(CLI::App &app) {
  auto command = std::make_shared<RunCommand>();
  auto folder = std::make_shared<std::filesystem::path>();
  app.add_option("folder", *folder, "the folder of a case: below --out, or printed after 'files:' of a failure")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--kernel", command->plans.kernels,
                 "a kernel of the catalogue, 'host', or the path of a kernel, instead of the case's")
      ->type_name("KERNEL")
      ->expected(1);
  command->add_to(app);
  return [command, folder] { return run_again(*command, *folder); };
}

}  // namespace

std::function<int()> add_rerun(CLI::App &app) {
  return add_from_folder(app);
}

std::function<int()> add_replay(CLI::App &app) {
  return add_from_folder(app);
}

}  // namespace kmodtest::cli
