// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

namespace kmodtest::base {

const ErrorArea &kernels_errors() {
  static const ErrorArea area{
      "Kernels",
      {
          {Code::unknown_kernel, "there is no such kernel",
           "The name is none of the catalogue, and no path to an image.",
           "A typing error, or a path without a slash: `bzImage` is taken for a name, `./bzImage` for a file.",
           "Take a name of the catalogue, `host`, or the path of a `vmlinuz` or `bzImage`:\n"
           "    kmodtest kernels list",
           "kmodtest: error[K0401]: there is no kernel 'debian-6.2-cloud'"},
          {Code::not_a_kernel, "this file is no kernel that a guest can boot",
           "`--kernel` takes the compressed image of a kernel for x86-64 (`vmlinuz-…`, "
           "`arch/x86/boot/bzImage`).",
           "`vmlinux` was named, which has the symbols and cannot be booted like this, or an image of "
           "another architecture.",
           "Name the bzImage of the same build.",
           "kmodtest: error[K0402]: /home/me/linux/vmlinux is not a Linux kernel image (bzImage)"},
          {Code::bad_catalogue, "the catalogue of kernels is damaged",
           "`kernels.yaml` says which kernels there are and from which packages they come, and it "
           "cannot be used.",
           "It was edited, or `KMODTEST_DATA` names a folder with another file of that name.",
           "Correct the line that is named, or install kmodtest again.",
           "kmodtest: error[K0403]: /usr/share/kmodtest/kernels.yaml:7:3: an entry needs a name"},
          {Code::no_host_kernel, "the running kernel has no image here",
           "`--kernel host` boots the kernel that runs on this machine, and its image is missing or "
           "may not be read.",
           "In a container the kernel is the host's, whose `/boot` is not there. Some distributions "
           "let only root read the image.",
           "Take a kernel of the catalogue, or copy the image and name the copy:\n"
           "    sudo install -m 644 /boot/vmlinuz-$(uname -r) ./vmlinuz\n"
           "    kmodtest run hello.yaml --kernel ./vmlinuz --modules-dir /lib/modules/$(uname -r)",
           "kmodtest: error[K0404]: the running kernel has no image on this machine: "
           "/boot/vmlinuz-6.1.0-32-amd64 is missing\n"
           "  hint: take a kernel of `kmodtest kernels list`, or give the path of a vmlinuz"},
          {Code::no_modules_folder, "the kernel's own modules are not known",
           "The plan, or the guest's channel, needs modules that come with the kernel, and of this "
           "kernel only the image is known.",
           "`--kernel FILE` without `--modules-dir`.",
           "Give the folder that `make modules_install` or the package made:\n"
           "    kmodtest run hello.yaml --kernel ./bzImage --modules-dir /lib/modules/6.1.0-custom",
           "kmodtest: error[K0405]: hello [cpus=2] asks for modules of the kernel, but kernel "
           "./bzImage has no modules folder\n"
           "  hint: give its lib/modules/RELEASE with --modules-dir"},
          {Code::no_mirror, "apt knows no mirror",
           "Kernels are downloaded from the mirror that this machine's apt uses, and its configuration "
           "names none that could have this one.",
           "A container or a distribution whose sources are empty, or not Debian's.",
           "Add a Debian mirror to apt's sources, or bring a kernel along: `--kernel FILE "
           "--modules-dir DIR --headers DIR`.",
           "kmodtest: error[K0406]: apt's configuration names no mirror for the suite 'bookworm'"},
          {Code::suite_not_served, "the mirror does not have this suite",
           "The mirror answers, but not for the suite of Debian from which this kernel comes.",
           "Older suites leave the mirrors in time, and some mirrors have only a few.",
           "Take another kernel of `kmodtest kernels list`, or give an image with `--kernel FILE`.",
           "kmodtest: error[K0407]: this machine's mirror does not serve the suite 'bullseye'"},
          {Code::no_such_package, "the suite does not have the kernel's package",
           "The catalogue names a package that the suite does not have any more, or not yet.",
           "Packages of kernels are replaced by ones with a higher version in their name.",
           "Correct the entry in `kernels.yaml`, or update kmodtest.",
           "kmodtest: error[K0408]: the suite 'bookworm' has no package 'linux-image-9-cloud-amd64'"},
          {Code::download_failed, "a download failed",
           "apt could not fetch the lists or the packages of a kernel; its own words follow.",
           "There is no network, a proxy is missing in apt's configuration, or the mirror is down.",
           "Try whether apt itself works, and fetch once where there is a network: afterwards none is needed.\n"
           "    sudo apt-get update\n"
           "    kmodtest kernels fetch --all",
           "kmodtest: error[K0409]: cannot fetch the kernel 'debian-6.1-cloud': cannot fetch the "
           "package lists of 'bookworm': Could not connect"},
          {Code::bad_package, "a kernel's package cannot be used",
           "The package was downloaded and verified, but does not hold what is needed, or could not be "
           "unpacked.",
           "The packages of image and headers on the mirror are of different versions for some hours "
           "while it is updated; or the catalogue names the wrong ones.",
           "Try again later. When it stays, take another kernel of `kmodtest kernels list`.",
           "kmodtest: error[K0410]: the packages of 'debian-6.1-cloud' do not fit each other: modules "
           "or headers of 6.1.0-32-cloud-amd64 are missing"},
          {Code::no_kernel_module, "the kernel does not come with this module",
           "`kernel_modules` names a module that is not among those which belong to the kernel.",
           "A typing error, a module that this kernel does not have, or one of your own: those go "
           "below `module`.",
           "Correct the name. Small kernels, such as the cloud kernels, leave many drivers out: take "
           "another one of `kmodtest kernels list`, or a kernel of your own.",
           "kmodtest: error[K0411]: the kernel has no module 'vertio_net' "
           "(/home/me/.cache/kmodtest/kernels/…/lib/modules/6.1.0-32-cloud-amd64)\n"
           "  hint: correct the name in kernel_modules"},
          {Code::bad_boot_file, "a program for the guest cannot be used there",
           "What starts first in the guest has to be a static program for x86-64: there are no libraries.",
           "Another `busybox` stands at the place of Debian's `busybox-static`, or the agent was built "
           "in another way.",
           "Install the package and build kmodtest as it is:\n"
           "    sudo apt-get install --reinstall busybox-static",
           "kmodtest: error[K0412]: /usr/bin/busybox is not a static program"},
          {Code::no_busybox, "there is no busybox",
           "The guest's shell and commands are those of the static busybox of this machine, and that "
           "is not installed.",
           "The package is missing; `busybox` alone is not enough, since it needs libraries.",
           "Install it:\n"
           "    sudo apt-get install busybox-static",
           "kmodtest: error[K0413]: there is no /usr/bin/busybox on this machine\n"
           "  hint: install the package busybox-static"},
          {Code::cannot_decompress, "a module of the kernel cannot be decompressed",
           "A `.ko.xz`, `.ko.zst` or `.ko.gz` of the kernel is damaged or cut off.",
           "The disk was full or the machine lost power while the kernel was unpacked, or a copy was "
           "interrupted.",
           "For a kernel of the catalogue, fetch it anew; for another one, install its modules again:\n"
           "    kmodtest cache clear --all\n"
           "    kmodtest kernels fetch",
           "kmodtest: error[K0414]: cannot decompress /home/me/modules/virtio_ring.ko.xz: Lzma library "
           "error: Corrupted input data"},
      }};
  return area;
}

}  // namespace kmodtest::base
