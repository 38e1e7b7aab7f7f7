// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/programs/shared_libraries.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <gelf.h>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "storage/files.hpp"
#include "text/lines.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// Where dynamic linkers look without a cache: Debian's, then others.
constexpr std::array kDefaultFolders{
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"};

struct ElfEnd {
  void operator()(Elf *elf) const { elf_end(elf); }
};
using ElfPointer = std::unique_ptr<Elf, ElfEnd>;

ElfPointer opened(std::string_view bytes) {
  elf_version(EV_CURRENT);
  ElfPointer elf(elf_memory(const_cast<char *>(bytes.data()), bytes.size()));
  const bool fits = elf && elf_kind(elf.get()) == ELF_K_ELF && gelf_getclass(elf.get()) == ELFCLASS64;
  return fits ? std::move(elf) : ElfPointer();
}

std::string interpreter_of(Elf *elf, std::string_view bytes) {
  std::size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0) return {};
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header{};
    if (gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr || header.p_type != PT_INTERP) continue;
    if (header.p_offset > bytes.size() || header.p_filesz > bytes.size() - header.p_offset) return {};
    const auto text = bytes.substr(header.p_offset, header.p_filesz);
    return std::string(text.substr(0, text.find('\0')));
  }
  return {};
}

void add_folders(const char *list, std::vector<std::string> &folders) {
  std::istringstream parts(list);
  for (std::string part; std::getline(parts, part, ':');) {
    if (!part.empty()) folders.push_back(part);
  }
}

void read_dynamic(Elf *elf, Elf_Scn *section, const GElf_Shdr &header, DynamicNeeds &needs) {
  Elf_Data *data = elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return;
  const std::size_t count = header.sh_size / header.sh_entsize;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Dyn entry{};
    if (gelf_getdyn(data, static_cast<int>(i), &entry) == nullptr || entry.d_tag == DT_NULL) return;
    if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_RPATH && entry.d_tag != DT_RUNPATH) continue;
    const char *text = elf_strptr(elf, header.sh_link, entry.d_un.d_val);
    if (text == nullptr) continue;
    if (entry.d_tag == DT_NEEDED) {
      needs.libraries.emplace_back(text);
    } else {
      add_folders(text, needs.folders);
    }
  }
}

/// Reads the folders in an ld.so.conf; `include` takes a pattern, of which "FOLDER/*.conf" is what is used.
void read_linker_folders(const fs::path &root, const fs::path &file, std::vector<std::string> &folders) {
  std::error_code error;
  if (!fs::is_regular_file(root / file.relative_path(), error)) return;
  for (const std::string &line : text::lines_of(storage::read_whole_file(root / file.relative_path()))) {
    const std::string word(text::trimmed(line.substr(0, std::min(line.find('#'), line.size()))));
    if (word.starts_with('/')) folders.push_back(word);
    if (!word.starts_with("include")) continue;
    const fs::path pattern = file.parent_path() / std::string(text::trimmed(word.substr(7)));
    std::vector<fs::path> included;
    for (const auto &entry : fs::directory_iterator(root / pattern.parent_path().relative_path(), error)) {
      if (entry.path().extension() == ".conf") included.push_back(pattern.parent_path() / entry.path().filename());
    }
    std::sort(included.begin(), included.end());
    for (const fs::path &one : included) {
      if (one != file) read_linker_folders(root, one, folders);
    }
  }
}

/// Follows what a program needs, and what that needs.
class Search {
 public:
  Search(const fs::path &program, fs::path root) : program_(program.filename().string()), root_(std::move(root)) {
    folders_.assign(kDefaultFolders.begin(), kDefaultFolders.end());
    read_linker_folders(root_, "/etc/ld.so.conf", folders_);
    follow(program);
  }
  std::vector<LibraryFile> found() { return std::move(found_); }

 private:
  void follow(const fs::path &file) {
    const std::string bytes = storage::read_whole_file(file);
    const DynamicNeeds needs = read_dynamic_needs(bytes);
    if (!needs.interpreter.empty()) add_interpreter(needs.interpreter);
    for (const std::string &name : needs.libraries) {
      if (!known_.insert(fs::path(name).filename()).second) continue;
      const fs::path path = find(name, needs.folders, file.parent_path());
      found_.push_back({path, guest_path(path, name)});
      follow(path);
    }
  }

  void add_interpreter(const std::string &path) {
    if (!known_.insert(fs::path(path).filename()).second) return;
    found_.push_back({existing(path, path), path});
  }

  fs::path at(const std::string &path) const { return root_ / fs::path(path).relative_path(); }

  fs::path existing(const std::string &path, const std::string &name) const {
    std::error_code error;
    if (fs::is_regular_file(at(path), error)) return at(path);
    throw base::UsageError(base::Code::no_library,
                           fmt::format("{} needs the library {}, which is not on this machine", program_,
                                       fs::path(name).filename().string()),
                           fmt::format("install it, or link {} statically", program_));
  }

  fs::path find(const std::string &name, const std::vector<std::string> &own, const fs::path &origin) const {
    if (name.find('/') != std::string::npos) return existing(name, name);
    for (const std::string &folder : own) {
      const fs::path filled =
          text::replaced(text::replaced(folder, "${ORIGIN}", "$ORIGIN"), "$ORIGIN", origin.string());
      if (fits(filled / name)) return filled / name;
    }
    for (const std::string &folder : folders_) {
      if (fits(at(folder) / name)) return at(folder) / name;
    }
    return existing(folders_.front() + "/" + name, name);
  }

  static bool fits(const fs::path &file) {
    std::error_code error;
    return fs::is_regular_file(file, error) && opened(storage::read_whole_file(file)) != nullptr;
  }

  /// The dynamic linker of the guest has no cache, and the folders of the program's own are not there.
  std::string guest_path(const fs::path &file, const std::string &name) const {
    if (name.find('/') != std::string::npos) return name;
    const std::string folder = "/" + file.parent_path().lexically_relative(root_).string();
    const bool is_default = std::find(kDefaultFolders.begin(), kDefaultFolders.end(), folder) != kDefaultFolders.end();
    return (is_default ? folder : usual_folder()) + "/" + name;
  }

  /// Returns the folder of the C library.
  std::string usual_folder() const {
    std::error_code error;
    const auto has_libc = [&](const char *folder) { return fs::exists(at(folder) / "libc.so.6", error); };
    const auto *found = std::find_if(kDefaultFolders.begin(), kDefaultFolders.end(), has_libc);
    return found == kDefaultFolders.end() ? kDefaultFolders.front() : *found;
  }

  std::string program_;
  fs::path root_;
  std::vector<std::string> folders_;
  std::set<std::string> known_;
  std::vector<LibraryFile> found_;
};

}  // namespace

DynamicNeeds read_dynamic_needs(std::string_view bytes) {
  DynamicNeeds needs;
  const ElfPointer elf = opened(bytes);
  if (!elf) return needs;
  needs.interpreter = interpreter_of(elf.get(), bytes);
  for (Elf_Scn *section = elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    GElf_Shdr header{};
    if (gelf_getshdr(section, &header) != nullptr && header.sh_type == SHT_DYNAMIC)
      read_dynamic(elf.get(), section, header, needs);
  }
  return needs;
}

std::vector<LibraryFile> needed_libraries(const fs::path &program, const fs::path &root) {
  return Search(program, root).found();
}

}  // namespace kmodtest::kernel
