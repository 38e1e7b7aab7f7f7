// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/catalogue/mirror.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace kmodtest::kernel {
namespace {

constexpr const char *kTargets =
    "Translations|bookworm|http://wrong/\n"
    "Packages|bookworm|http://mirror/debian/\n"
    "Packages|bookworm-security|http://security/debian-security/\n"
    "Packages|bookworm-backports|http://backports/debian/\n"
    "a broken line\n";
const Distribution kBookworm{.id = "debian", .codename = "bookworm"};

TEST(ChooseMirror, TakesTheSuiteThatTheMachineHas) {
  EXPECT_EQ(choose_mirror(kTargets, "bookworm-backports", kBookworm), "http://backports/debian/");
}

TEST(ChooseMirror, ElseTheMirrorOfTheMachinesRelease) {
  EXPECT_EQ(choose_mirror(kTargets, "bullseye", kBookworm), "http://mirror/debian/");
  EXPECT_EQ(choose_mirror(kTargets, "bullseye-security", kBookworm), "http://security/debian-security/");
}

TEST(ChooseMirror, ElseNone) {
  EXPECT_EQ(choose_mirror(kTargets, "bullseye", {.id = "debian", .codename = "trixie"}), "");
  EXPECT_EQ(choose_mirror("", "bullseye", kBookworm), "");
  EXPECT_EQ(choose_mirror(kTargets, "bullseye", {}), "");
}

TEST(ChooseMirror, NeverTakesTheMirrorOfAnotherDistribution) {
  const char *ubuntu = "Packages|noble|http://mirror/ubuntu/\nPackages|noble-security|http://mirror/ubuntu/\n";
  const Distribution noble{.id = "ubuntu", .codename = "noble"};
  EXPECT_EQ(choose_mirror(ubuntu, "bookworm", noble), "");
  EXPECT_EQ(choose_mirror(ubuntu, "bullseye-security", noble), "");
  const std::string both = std::string(ubuntu) + kTargets;  // a Debian mirror was added by hand
  EXPECT_EQ(choose_mirror(both, "bookworm", noble), "http://mirror/debian/");
}

TEST(MirrorByVariable, IsForEachSuite) {
  EXPECT_EQ(mirror_by_variable("https://mirror/debian/", "bookworm"), "https://mirror/debian");
  EXPECT_EQ(mirror_by_variable("https://mirror/debian", "bullseye-security"), "https://mirror/debian-security");
  EXPECT_EQ(mirror_by_variable("file:/srv/debian", "trixie"), "file:/srv/debian");
}

TEST(MirrorByVariable, RefusesWhatIsNotAnAddress) {
  for (const char *bad : {"mirror", "deb http://mirror/debian bookworm main", "http://mirror/\ndeb"})
    EXPECT_THROW(mirror_by_variable(bad, "bookworm"), base::UsageError) << bad;
}

TEST(OsRelease, IsReadWithAndWithoutQuotes) {
  const auto debian = parse_os_release("PRETTY_NAME=\"Debian\"\nVERSION_CODENAME=trixie\nID=debian\nbroken\n");
  EXPECT_EQ(debian.id, "debian");
  EXPECT_EQ(debian.codename, "trixie");
  const auto fedora = parse_os_release("ID='fedora'\nVERSION_CODENAME=\"\"\n");
  EXPECT_EQ(fedora.id, "fedora");
  EXPECT_EQ(fedora.codename, "");
}

}  // namespace
}  // namespace kmodtest::kernel
