// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "kernel/kernel.hpp"
#include "kernel/modules/missing_features.hpp"
#include "kernel/modules/module.hpp"
#include "kernel/modules/module_index.hpp"
#include "kernel/modules/module_order.hpp"
#include "kernel/modules/symvers.hpp"
#include "storage/file_cache.hpp"
#include "storage/files.hpp"
#include "text/module_name.hpp"
#include "text/number.hpp"
#include "text/replace.hpp"
#include "text/similar_name.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// Returns "crc_ccitt" for "lib/crc-ccitt".
std::string module_of(std::string_view path) {
  return text::lsmod_name(path.substr(path.rfind('/') + 1));
}

/// Returns whether a module of the kernel is loaded: the guest loads a few for its own use.
bool is_loaded(const std::string &module, const std::vector<std::string> &loaded) {
  if (module.empty() || module.starts_with("virtio") || module.starts_with("pvpanic")) return true;
  return std::find(loaded.begin(), loaded.end(), module) != loaded.end();
}

/// Reads Module.symvers: CRC, symbol, module, kind of export, namespace, separated by tabs (kernel:
/// Documentation/kbuild/modules.rst, "Symbols and Module.symvers").
Exports read_symvers(const fs::path &file) {
  Exports exports;
  const auto text = storage::read_whole_file(file);
  std::string_view rest = text;
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    std::array<std::string_view, 5> columns;
    for (auto &column : columns) {
      column = line.substr(0, line.find('\t'));
      line.remove_prefix(std::min(line.size(), column.size() + 1));
    }
    if (columns[1].empty() || !columns[0].starts_with("0x")) continue;
    Export entry;
    entry.crc = text::leading_number<std::uint32_t>(columns[0].substr(2), 16).value_or(0);
    entry.gpl_only = columns[3].ends_with("_GPL");
    entry.symbol_namespace = columns[4];
    if (columns[2] != "vmlinux") entry.module = module_of(columns[2]);
    exports.emplace(columns[1], std::move(entry));
  }
  return exports;
}

/// Returns whether the kernel counts a licence as GPL (license_is_gpl_compatible() in include/linux/license.h).
bool gpl_compatible(const std::string &license) {
  constexpr std::array kLicenses{"GPL",          "GPL v2",       "GPL and additional rights",
                                 "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};
  return std::find(kLicenses.begin(), kLicenses.end(), license) != kLicenses.end();
}

std::string similar_symbol(const std::string &wanted, const Exports &exports) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(wanted.size() / 4, 1) + 1;
  for (const auto &[name, entry] : exports) {
    const auto difference = name.size() > wanted.size() ? name.size() - wanted.size() : wanted.size() - name.size();
    if (difference >= best_distance) continue;
    const auto steps = text::edit_distance(wanted, name);
    if (steps < best_distance || (steps == best_distance && name < best)) {
      best = name;
      best_distance = steps;
    }
  }
  return best;
}

/// Returns VERMAGIC_STRING (include/linux/vermagic.h) from the headers' release and configuration.
std::string vermagic_of_headers(const fs::path &headers) {
  std::error_code error;
  const auto release_file = headers / "include/generated/utsrelease.h";
  const auto config_file = headers / "include/config/auto.conf";
  if (!fs::exists(release_file, error) || !fs::exists(config_file, error)) return {};
  const auto text = storage::read_whole_file(release_file);
  const auto begin = text.find('"');
  const auto end = text.find('"', begin + 1);
  if (begin == std::string::npos || end == std::string::npos) return {};
  std::set<std::string> options;
  std::istringstream lines(storage::read_whole_file(config_file));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with("=y")) options.insert(line.substr(0, line.size() - 2));
  }
  const auto on = [&](const char *option) { return options.contains(option); };
  std::string magic = text.substr(begin + 1, end - begin - 1) + " ";
  if (on("CONFIG_SMP")) magic += "SMP ";
  // CONFIG_PREEMPT_BUILD was added in 5.16 and is on for PREEMPT_DYNAMIC too.
  if (on("CONFIG_PREEMPT_RT")) {
    magic += "preempt_rt ";
  } else if (on("CONFIG_PREEMPT_BUILD") || on("CONFIG_PREEMPT")) {
    magic += "preempt ";
  }
  if (on("CONFIG_MODULE_UNLOAD")) magic += "mod_unload ";
  if (on("CONFIG_MODVERSIONS")) magic += "modversions ";
  return magic;
}

/// Returns the kernel's vermagic from one of its own modules, else from the headers. Empty if not known.
std::string kernel_vermagic(const Kernel &kernel) {
  std::error_code error;
  const auto folder = kernel.modules_dir / "kernel";
  if (!kernel.modules_dir.empty() && fs::is_directory(folder, error)) {
    for (const auto &entry : fs::recursive_directory_iterator(folder, error)) {
      if (!entry.is_regular_file(error) || entry.path().filename().string().find(".ko") == std::string::npos) continue;
      return read_module_info(entry.path()).field("vermagic").value_or("");
    }
  }
  return kernel.headers.empty() ? std::string() : vermagic_of_headers(kernel.headers);
}

std::string_view without_release(std::string_view magic) {
  return magic.substr(std::min(magic.find(' '), magic.size()));
}

/// Returns the first word of a vermagic.
std::string release_of(const std::string &magic) {
  return magic.substr(0, magic.find(' '));
}

/// Compares like same_magic() of the kernel: with symbol versions the release does not matter.
bool same_magic(const std::string &module, const std::string &kernel, bool has_versions) {
  const bool versions = has_versions && kernel.find(" modversions ") != std::string::npos;
  return versions ? without_release(module) == without_release(kernel) : module == kernel;
}

/// Returns "a, b, c and 4 more".
std::string some(const std::vector<std::string> &names) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

std::string hint_for_missing_symbol(const std::vector<std::string> &missing, const std::string &similar,
                                    const Kernel &kernel) {
  if (auto hint = hint_for_missing(missing, kernel); !hint.empty()) return hint;
  return similar.empty() ? "load the module that exports it first, or use what this kernel has"
                         : fmt::format("did you mean '{}'?", similar);
}

void check_symbols(const ModuleInfo &module, const Kernel &kernel, const Exports &exports,
                   const std::set<std::string> &others, const std::vector<std::string> &loaded,
                   std::vector<PreflightFinding> &findings) {
  std::vector<std::string> missing;
  std::vector<std::string> disagreeing;
  std::vector<std::string> gpl_only;
  std::map<std::string, std::vector<std::string>> not_imported;
  std::map<std::string, std::vector<std::string>> not_loaded;
  const auto imports = module.fields.equal_range("import_ns");
  const bool is_gpl = gpl_compatible(module.field("license").value_or(""));
  for (const auto &symbol : module.undefined_symbols) {
    if (others.contains(symbol)) continue;
    const auto found = exports.find(symbol);
    if (found == exports.end()) {
      missing.push_back(symbol);
      continue;
    }
    const auto &entry = found->second;
    if (!is_loaded(entry.module, loaded)) not_loaded[entry.module].push_back(symbol);
    if (entry.gpl_only && !is_gpl) gpl_only.push_back(symbol);
    if (!entry.symbol_namespace.empty() && std::none_of(imports.first, imports.second, [&](const auto &import) {
          return import.second == entry.symbol_namespace;
        })) {
      not_imported[entry.symbol_namespace].push_back(symbol);
    }
  }
  for (const auto &[symbol, crc] : module.symbol_versions) {
    const auto found = exports.find(symbol);
    if (found != exports.end() && found->second.crc != 0 && found->second.crc != crc) disagreeing.push_back(symbol);
  }
  const auto built_for = release_of(module.field("vermagic").value_or(""));
  if (!disagreeing.empty() && !built_for.empty() && built_for != kernel.release) {
    // All symbols are missing for the same reason; one finding is enough.
    findings.push_back(
        {.code = base::Code::built_for_other_kernel,
         .message = fmt::format("{} was built for another kernel: for {}, which disagrees with {} ({}) about the "
                                "version of {}",
                                module.name, built_for, kernel.name, kernel.release, some(disagreeing)),
         .hint = fmt::format("build it against the headers of {}", kernel.release)});
    return;
  }
  if (!missing.empty()) {
    const auto similar = similar_symbol(missing.front(), exports);
    findings.push_back({.code = base::Code::missing_symbol,
                        .message = fmt::format("{} needs {}, which the kernel {} does not export", module.name,
                                               some(missing), kernel.name),
                        .hint = hint_for_missing_symbol(missing, similar, kernel)});
  }
  for (const auto &[name, symbols] : not_loaded) {
    findings.push_back(
        {.code = base::Code::symbol_of_unloaded_module,
         .message = fmt::format("{} needs {}, which the kernel's module {} exports, but nothing loads it", module.name,
                                some(symbols), name),
         .hint = fmt::format("write kernel_modules: [{}]", name)});
  }
  if (!disagreeing.empty()) {
    findings.push_back({.code = base::Code::symbol_version,
                        .message = fmt::format("{} disagrees with the kernel {} about the version of {}", module.name,
                                               kernel.name, some(disagreeing)),
                        .hint = fmt::format("build it against the headers of {}", kernel.release)});
  }
  if (!gpl_only.empty()) {
    findings.push_back({.code = base::Code::gpl_only_symbol,
                        .message = fmt::format("{} has the license '{}', but {} may only be used by GPL modules",
                                               module.name, module.field("license").value_or("none"), some(gpl_only)),
                        .hint = "add MODULE_LICENSE(\"GPL\"), or stop using it"});
  }
  for (const auto &[name, symbols] : not_imported) {
    findings.push_back(
        {.code = base::Code::namespace_not_imported,
         .message = fmt::format("{} uses {} without importing the namespace {}", module.name, some(symbols), name),
         .hint = fmt::format("add MODULE_IMPORT_NS({})", name)});
  }
}

std::set<std::string> exported_by(const std::vector<ModuleInfo> &modules) {
  std::set<std::string> symbols;
  for (const auto &module : modules) symbols.insert(module.exported_symbols.begin(), module.exported_symbols.end());
  return symbols;
}

}  // namespace

std::shared_ptr<const Exports> exports_of(const Kernel &kernel) {
  static storage::FileCache<Exports> cache;
  std::error_code error;
  const auto symvers = kernel.headers / "Module.symvers";
  if (kernel.headers.empty() || !fs::exists(symvers, error)) return nullptr;
  return cache.get({symvers}, [&symvers] { return read_symvers(symvers); });
}

std::vector<PreflightFinding> preflight(const ModuleInfo &module, const Kernel &kernel,
                                        const std::vector<ModuleInfo> &together,
                                        const std::vector<std::string> &loaded) {
  std::vector<PreflightFinding> findings;
  const auto wanted = kernel_vermagic(kernel);
  const auto own = module.field("vermagic").value_or("");
  if (!wanted.empty() && !same_magic(own, wanted, module.has_versions)) {
    findings.push_back(
        {.code = base::Code::built_for_other_kernel,
         .message = fmt::format("{} was built for another kernel: its vermagic is '{}', that of {} is '{}'",
                                module.name, text::trimmed(own), kernel.name, text::trimmed(wanted)),
         .hint = fmt::format("build it against the headers of {}", kernel.release)});
    // Its symbols would disagree as well; one finding is enough.
    return findings;
  }
  const auto exports = exports_of(kernel);
  if (exports) check_symbols(module, kernel, *exports, exported_by(together), loaded, findings);
  return findings;
}

std::vector<std::string> missing_symbols(const ModuleInfo &module, const Kernel &kernel,
                                         const std::vector<ModuleInfo> &together) {
  std::vector<std::string> missing;
  const auto exports = exports_of(kernel);
  if (!exports) return missing;
  const auto others = exported_by(together);
  for (const auto &symbol : module.undefined_symbols) {
    if (!others.contains(symbol) && !exports->contains(symbol)) missing.push_back(symbol);
  }
  return missing;
}

std::vector<std::string> needed_kernel_modules(const ModuleInfo &module, const Kernel &kernel,
                                               const std::vector<ModuleInfo> &together) {
  std::vector<std::string> needed;
  if (kernel.modules_dir.empty()) return needed;
  const auto index = module_index(kernel.modules_dir);
  const auto add = [&](const std::string &written) {
    const std::string name = text::lsmod_name(written);
    const bool is_ours = std::any_of(together.begin(), together.end(),
                                     [&](const ModuleInfo &other) { return text::lsmod_name(other.name) == name; });
    const bool known = std::find(needed.begin(), needed.end(), name) != needed.end();
    if (!is_ours && !known && index->loadable(name)) needed.push_back(name);
  };
  const auto others = exported_by(together);
  if (const auto exports = exports_of(kernel)) {
    for (const auto &symbol : module.undefined_symbols) {
      const auto found = exports->find(symbol);
      if (!others.contains(symbol) && found != exports->end() && !found->second.module.empty())
        add(found->second.module);
    }
  }
  for (const auto &name : named_needs(module)) add(name);
  return needed;
}

std::vector<PreflightFinding> check_parameters(const ModuleInfo &module,
                                               const std::map<std::string, std::string> &params) {
  std::vector<PreflightFinding> findings;
  for (const auto &[given, value] : params) {
    // The kernel accepts these two for any module (kernel: kernel/module, unknown_module_param_cb()). It takes "-" for
    // "_".
    const std::string name = text::lsmod_name(given);
    if (name == "async_probe" || name == "dyndbg") continue;
    const auto &known = module.parameters;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto meant = text::similar_name(name, known);
    const std::string hint = meant           ? fmt::format("did you mean '{}'?", *meant)
                             : known.empty() ? "it has no parameters"
                                             : fmt::format("it has {}", some(known));
    findings.push_back(
        {.code = base::Code::unknown_parameter,
         .message = fmt::format("{} has no parameter '{}': the kernel would ignore it", module.name, given),
         .hint = hint});
  }
  return findings;
}

}  // namespace kmodtest::kernel
