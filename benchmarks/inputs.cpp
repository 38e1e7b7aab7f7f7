// SPDX-License-Identifier: GPL-2.0-or-later
#include "inputs.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <stdexcept>

namespace kmodtest::bench {

namespace {

void write(const std::filesystem::path &file, const std::string &text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace

ScratchFolder::ScratchFolder(const std::filesystem::path &parent) {
  std::string name = (parent / "kmt-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error(fmt::format("cannot make a folder like {}: {}", name, std::strerror(errno)));
  }
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_module(const std::filesystem::path &folder, const std::string &name, std::size_t bytes) {
  const std::filesystem::path module = folder / "modules" / name;
  write(module / "Kbuild", fmt::format("obj-m := {}.o\n", name));
  // Initialised data is stored in the file byte for byte; zeroes are not.
  write(module / (name + ".c"), fmt::format(R"(// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/module.h>

static char payload[{}] __used = {{ 1 }};

static int __init payload_init(void)
{{
	pr_info("{} loaded\n");
	return 0;
}}

static void __exit payload_exit(void)
{{
}}

module_init(payload_init);
module_exit(payload_exit);
MODULE_DESCRIPTION("Carries bytes");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
)",
                                            bytes, name));
}

std::filesystem::path write_plan(const std::filesystem::path &folder, const std::string &module, int rounds,
                                 const std::string &guest, const std::string &sleep) {
  std::string values;
  for (int round = 1; round <= rounds; ++round) values += (round > 1 ? ", " : "") + std::to_string(round);
  std::filesystem::path file = folder / (module + ".yaml");
  write(file, fmt::format("module: {}\nguest: {{{}}}\nmatrix: {{round: [{}]}}\n"
                          "steps:\n  - load\n  - dmesg: \"{} loaded\"\n  - sleep: {}\n  - unload\n",
                          module, guest, values, module, sleep));
  return file;
}

void save(const std::filesystem::path &file, const std::string &text) {
  const std::filesystem::path partial = file.string() + "~";
  write(partial, text);
  std::filesystem::rename(partial, file);
}

std::filesystem::path write_plan_without_sched(const std::filesystem::path &plan, const std::filesystem::path &folder) {
  std::ifstream in(plan);
  if (!in) throw std::runtime_error("cannot read " + plan.string());
  std::string text;
  bool in_sched = false;
  for (std::string line; std::getline(in, line);) {
    // A step ends where the next item of the list, or a less indented line, begins.
    if (!line.starts_with("   ")) in_sched = line.starts_with("  - sched:");
    if (!in_sched) text += line + "\n";
  }
  std::filesystem::path file = folder / plan.filename();
  write(file, text);
  return file;
}

}  // namespace kmodtest::bench
