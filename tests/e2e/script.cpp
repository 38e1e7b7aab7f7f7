// SPDX-License-Identifier: GPL-2.0-or-later
#include "e2e/script.hpp"

#include <array>
#include <cstdio>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {

std::string complaint_of_script(const std::string &words) {
  const std::string command = (source_folder() / "tests/e2e" / words).string() + " 2>&1";
  std::FILE *output = ::popen(command.c_str(), "r");
  std::string text;
  std::array<char, 256> part{};
  while (std::fgets(part.data(), part.size(), output) != nullptr) text += part.data();
  const int status = ::pclose(output);
  return status == 0 ? std::string() : text.empty() ? "it failed" : text;
}

}  // namespace kmodtest::e2e
