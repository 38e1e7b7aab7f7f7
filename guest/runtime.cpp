// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <unistd.h>

/// Replaces libstdc++'s functions for fatal errors. The originals throw, which would link the unwinder, the demangler
/// and stdio: more than a tenth of the agent. These end it; when PID 1 ends, the kernel panics, and the controller sees
/// that with the message before it.
namespace {

[[noreturn]] void give_up(const char *why) {
  // Without a string: there may be no memory for it.
  const int console = ::open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
  for (const char *part : {"kmodtest-agent: cannot go on: ", why, "\n"})
    if (::write(console, part, std::strlen(part)) < 0) break;
  std::abort();
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming): the names that libstdc++ calls
namespace __gnu_cxx {
void __verbose_terminate_handler() {
  give_up("terminated");
}
}  // namespace __gnu_cxx

namespace std {
void __throw_length_error(const char *why) {
  give_up(why);
}
void __throw_logic_error(const char *why) {
  give_up(why);
}
void __throw_out_of_range_fmt(const char *why, ...) {
  give_up(why);
}
void __throw_bad_alloc() {
  give_up("no memory");
}
void __throw_bad_array_new_length() {
  give_up("no memory");
}
void __throw_bad_function_call() {
  give_up("an empty function");
}
}  // namespace std
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)

void *operator new(std::size_t size) {
  void *memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) give_up("no memory");
  return memory;
}
void operator delete(void *memory) noexcept {
  std::free(memory);
}
void operator delete(void *memory, std::size_t) noexcept {
  std::free(memory);
}
