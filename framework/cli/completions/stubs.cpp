// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/embedded.hpp"
#include "cli/completions/completions.hpp"

namespace kmodtest::cli {

/// The files kmodtest.* of this folder (CMakeLists.txt).
base::EmbeddedFiles stub_files();

std::string_view bash_stub() {
  return base::embedded_text(stub_files(), "kmodtest.bash");
}

std::string_view zsh_stub() {
  return base::embedded_text(stub_files(), "kmodtest.zsh");
}

std::string_view fish_stub() {
  return base::embedded_text(stub_files(), "kmodtest.fish");
}

}  // namespace kmodtest::cli
