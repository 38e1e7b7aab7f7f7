// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Words of a guest's memory that point to where an unloaded module was, found from outside at the end of a case. They
/// are not part of what the guest reported, and so not of any digest.
namespace kmodtest::judge {

/// The owner of the memory that a word is in.
enum class Holder {
  variable,          ///< a variable of the kernel
  per_cpu_variable,  ///< one that each CPU has
  object,            ///< an allocated object of a slab cache
  uncleared_object,  ///< the same in a kernel that does not clear what it allocates: the word can be a remainder
  freed_object,      ///< an object that was freed; the word is a remainder
  unknown            ///< stacks, pages of files, areas of vmalloc, freed pages
};

struct PointerLeft {
  Holder holder = Holder::unknown;
  std::string name;           ///< of the variable or the slab cache; empty: unknown
  std::uint64_t offset = 0;   ///< of the word in the variable or object
  std::uint64_t address = 0;  ///< of the word in the kernel's map of all memory, or in its image
  std::string module;         ///< the unloaded one
  std::uint64_t value = 0;    ///< the word
  std::uint64_t base = 0;     ///< where the module, or its section, was
  std::string section = {};   ///< of the module, if its sections were at several places
  std::string target;         ///< the name of the function or variable there: "my_fs+0x0"; empty: unknown
};

/// Returns "file_systems (kernel data)", "an allocated object of kmalloc-64 (at 0x8)": where in the variable or object.
std::string holder_of(const PointerLeft &pointer);
/// Returns "my_fs+0x0 [my_module]".
std::string target_of(const PointerLeft &pointer);

/// Returns whether the kernel would use the word. False for remainders, and for where words of a healthy module stay,
/// too.
bool is_left_registered(const PointerLeft &pointer);

struct PointerSearch {
  bool made = false;
  std::string problem;  ///< why it was not made, or is incomplete
  std::vector<PointerLeft> found;
};

}  // namespace kmodtest::judge
