// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/capabilities_cache.hpp"

#include <exception>
#include <fmt/format.h>
#include <sstream>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include <pugixml.hpp>

#include "storage/files.hpp"
#include "vm/emulator.hpp"

namespace kmodtest::vm {
namespace fs = std::filesystem;
namespace {

/// Increase it when another part of the capabilities is left out.
constexpr int kRecipe = 2;
constexpr const char *kVersion = "qemu-version";
constexpr const char *kLacks = "lacks";
constexpr const char *kNothing = "nothing";
constexpr const char *kUnavailable = "cpu-unavailable-features";

bool is_used(std::string_view model) {
  return model == "max" || model == "host" || model == "qemu64";
}

bool is_stored(const fs::path &file, const std::string &text) {
  std::error_code error;
  return fs::exists(file, error) && storage::read_whole_file(file) == text;
}

/// Changes a file. Each file gets its final name only when it is complete. Losing a race to another process is
/// harmless.
template <class Change>
void copy_files(const fs::path &from, const fs::path &to, Change change) noexcept {
  try {
    std::error_code none;
    for (const auto &entry : fs::directory_iterator(from, none)) {
      if (entry.path().extension() != ".xml") continue;
      const std::string text = change(storage::read_whole_file(entry.path()));
      const fs::path target = to / entry.path().filename();
      if (text.empty() || is_stored(target, text)) continue;
      storage::make_folder(to);
      storage::write_whole_file(target, text);
    }
  } catch (const std::exception &) {
    // libvirt queries QEMU again.
  }
}

}  // namespace

/// libvirt identifies cached capabilities by the emulator's path and change time. Our emulator is a wrapper, so QEMU's
/// own change time must be part of the name.
CapabilitiesCache::CapabilitiesCache(const fs::path &folder, fs::path qemu, const fs::path &emulator,
                                     const std::string &user)
    : qemu_(std::move(qemu)) {
  struct stat its {};
  struct stat ours {};
  if (::stat(qemu_.c_str(), &its) != 0 || ::stat(emulator.c_str(), &ours) != 0) return;
  folder_ =
      folder / fmt::format("{:x}-{:x}-{:x}-{}-{}", its.st_ctim.tv_sec, its.st_size, ours.st_ctim.tv_sec, user, kRecipe);
}

void CapabilitiesCache::copy_to(const fs::path &libvirts) const noexcept {
  if (!folder_.empty()) copy_files(folder_, libvirts, [](std::string text) { return text; });
}

void CapabilitiesCache::store_from(const fs::path &libvirts) const noexcept {
  if (!folder_.empty()) copy_files(libvirts, folder_, trimmed_capabilities);
}

std::string CapabilitiesCache::answer(const std::string &name, const std::function<std::string()> &ask) const {
  const fs::path file = folder_ / name;
  std::error_code error;
  if (!folder_.empty() && fs::file_size(file, error) > 0 && !error) return storage::read_whole_file(file);
  std::string answer = ask();
  if (folder_.empty()) return answer;
  try {
    storage::make_folder(folder_);
    storage::write_whole_file(file, answer);
  } catch (const std::exception &) {
    // The next process queries QEMU again.
  }
  return answer;
}

std::string CapabilitiesCache::qemu_version() const {
  return answer(kVersion, [this] { return vm::qemu_version(qemu_); });
}

std::string CapabilitiesCache::what_qemu_lacks(const fs::path &gate) const {
  struct stat its {};
  if (::stat(gate.c_str(), &its) != 0) return vm::what_qemu_lacks(qemu_, gate);
  const std::string name = fmt::format("{}-{:x}-{:x}", kLacks, its.st_ctim.tv_sec, its.st_size);
  const std::string said = answer(name, [&] {
    const std::string why = vm::what_qemu_lacks(qemu_, gate);
    return why.empty() ? std::string(kNothing) : why;
  });
  return said == kNothing ? std::string() : said;
}

std::string trimmed_capabilities(std::string_view capabilities) {
  pugi::xml_document document;
  if (!document.load_buffer(capabilities.data(), capabilities.size())) return {};
  pugi::xml_node root = document.child("qemuCaps");
  if (!root) return {};
  std::vector<pugi::xml_node> unneeded;
  for (const pugi::xml_node node : root.children()) {
    const std::string_view element = node.name();
    const std::string_view name = node.attribute("name").value();
    if ((element == "flag" && name == kUnavailable) || (element == "cpu" && !is_used(name))) unneeded.push_back(node);
  }
  for (const pugi::xml_node &node : unneeded) root.remove_child(node);
  std::ostringstream text;
  document.save(text, "  ", pugi::format_indent | pugi::format_no_declaration);
  return text.str();
}

}  // namespace kmodtest::vm
