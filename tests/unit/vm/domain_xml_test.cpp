// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>

#include <pugixml.hpp>

#include "base/error.hpp"
#include "vm/guest.hpp"
#include "vm/topology.hpp"

namespace kmodtest::vm {
namespace {

GuestSpec spec_of(int cpus) {
  GuestSpec spec;
  spec.kernel_image = "/k/vmlinuz";
  spec.initramfs = "/k/initramfs";
  spec.cpus = cpus;
  return spec;
}

const GuestFiles kFiles{.folder = "/r/g1",
                        .console = "/r/g1/console",
                        .channel = "/r/g1/agent",
                        .memory = "/r/g1/memory",
                        .state = {},
                        .saved = {},
                        .saved_memory = {},
                        .memory_to = {},
                        .schedule = {},
                        .coverage = {},
                        .races = {},
                        .long_pause = false,
                        .main_loop_gate = {}};

struct Parsed {
  pugi::xml_document document;
  explicit Parsed(const GuestSpec &spec, const GuestFiles &files = kFiles) {
    const auto result = document.load_string(domain_xml(spec, "name", files, "/e/qemu").c_str());
    EXPECT_TRUE(result) << result.description();
  }
  std::string operator()(const char *query) const {
    const pugi::xpath_query compiled(query);
    return compiled.evaluate_string(document);
  }
};

std::string loader() {
  return std::filesystem::exists("/usr/share/qemu/qboot.rom")
             ? "    <loader type=\"rom\">/usr/share/qemu/qboot.rom</loader>\n"
             : "";
}

TEST(DomainXml, HasTheDevicesOfAPlanInFixedPlaces) {
  GuestSpec spec = spec_of(1);
  spec.devices = {{"usb-kbd"}, {"edu"}, {"virtio-net"}};
  const std::string xml = domain_xml(spec, "name", kFiles, "/e/qemu");
  for (const char *word : {"qemu-xhci,id=kmodtest-usb,bus=pcie.0,addr=0x19", "usb-kbd,bus=kmodtest-usb.0",
                           "edu,bus=pcie.0,addr=0x12", "hubport,id=kmodtest-net3,hubid=0",
                           "virtio-net-pci,netdev=kmodtest-net3,mac=52:54:00:00:00:03,romfile=,bus=pcie.0,addr=0x13"})
    EXPECT_NE(xml.find("value=\"" + std::string(word) + "\""), std::string::npos) << word;
  EXPECT_EQ(unsaved_devices(spec), std::vector<std::string>{"0000:00:12.0"});
  EXPECT_NE(hash(spec, "10.0"), hash(spec_of(1), "10.0"));
}

TEST(DomainXml, HasADriveForEachDisk) {
  GuestSpec spec = spec_of(1);
  spec.devices = {{"virtio-blk", 1u << 20}, {"edu"},
                  {"nvme", 2u << 20},       {"nvme", 2u << 20},
                  {"scsi-hd", 1u << 20},    {"scsi-hd", 1u << 20},
                  {"ide-hd", 1u << 20},     {"usb-storage", 1u << 20}};
  GuestFiles files = kFiles;
  for (int i = 1; i <= 8; ++i) files.disks.push_back("/r/g1/disk" + std::to_string(i));
  files.state = "/r/g1/state";
  const std::string xml = domain_xml(spec, "name", files, "/e/qemu");
  for (const char *word :
       {"if=none,id=kmodtest-disk1,format=qcow2,cache=unsafe,discard=unmap,aio=threads,file=/r/g1/disk1",
        "virtio-blk-pci,ioeventfd=off,drive=kmodtest-disk1,bus=pcie.0,addr=0x11",
        "nvme,serial=kmodtest3,id=kmodtest-nvme,drive=kmodtest-disk3,bus=pcie.0,addr=0x13",
        "nvme,serial=kmodtest4,drive=kmodtest-disk4,bus=pcie.0,addr=0x14",
        "virtio-scsi-pci,id=kmodtest-scsi,ioeventfd=off,bus=pcie.0,addr=0x1a",
        "scsi-hd,bus=kmodtest-scsi.0,scsi-id=4,drive=kmodtest-disk5",
        "scsi-hd,bus=kmodtest-scsi.0,scsi-id=5,drive=kmodtest-disk6", "ide-hd,bus=ide.0,drive=kmodtest-disk7",
        "usb-storage,bus=kmodtest-usb.0,drive=kmodtest-disk8",
        "main-loop,id=kmodtest-loop,thread-pool-min=1,thread-pool-max=1"})
    EXPECT_NE(xml.find("value=\"" + std::string(word) + "\""), std::string::npos) << word;
  const std::string saved = "value=\"if=none,id=kmodtest-saved,driver=qcow2,";
  ASSERT_NE(xml.find(saved), std::string::npos) << "QEMU saves the machine's state in the first drive";
  EXPECT_LT(xml.find(saved), xml.find("kmodtest-disk1"));
  EXPECT_EQ(unsaved_devices(spec), (std::vector<std::string>{"0000:00:12.0", "0000:00:13.0", "0000:00:14.0"}));
  GuestSpec larger = spec;
  larger.devices[0].bytes = 2u << 20;
  EXPECT_NE(hash(spec, "10.0"), hash(larger, "10.0"));
}

TEST(DomainXml, ConnectsSoundAndLinesToNothing) {
  GuestSpec spec = spec_of(1);
  spec.devices = {{"AC97"}, {"intel-hda"}, {"usb-serial"}, {"usb-serial"}, {"ivshmem-plain", 1u << 20}};
  const std::string xml = domain_xml(spec, "name", kFiles, "/e/qemu");
  for (const char *word :
       {"AC97,audiodev=audio1,bus=pcie.0,addr=0x11", "intel-hda,id=kmodtest-hda2,bus=pcie.0,addr=0x12",
        "hda-duplex,bus=kmodtest-hda2.0,audiodev=audio1", "null,id=kmodtest-line3",
        "usb-serial,always-plugged=on,chardev=kmodtest-line3,id=kmodtest-usb-serial,bus=kmodtest-usb.0",
        "usb-serial,always-plugged=on,chardev=kmodtest-line4,bus=kmodtest-usb.0",
        "memory-backend-ram,id=kmodtest-shared5,size=1048576",
        "ivshmem-plain,memdev=kmodtest-shared5,master=on,bus=pcie.0,addr=0x15"})
    EXPECT_NE(xml.find("value=\"" + std::string(word) + "\""), std::string::npos) << word;
  EXPECT_EQ(unsaved_devices(spec), std::vector<std::string>{"0000:00:19.0"}) << "the lines' controller";
  EXPECT_FALSE(has_disks(spec));
}

TEST(DomainXml, OfASmallGuestIsThis) {
  EXPECT_EQ(domain_xml(spec_of(1), "kmodtest-1-1-case", kFiles, "/usr/libexec/kmodtest/kmodtest-qemu"),
            "<domain type=\"qemu\" xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\">\n"
            "  <name>kmodtest-1-1-case</name>\n"
            "  <memory unit=\"MiB\">256</memory>\n"
            "  <vcpu>1</vcpu>\n"
            "  <os>\n"
            "    <type arch=\"x86_64\" machine=\"q35\">hvm</type>\n" +
                loader() +
                "    <kernel>/k/vmlinuz</kernel>\n"
                "    <initrd>/k/initramfs</initrd>\n"
                "    <cmdline>" +
                kernel_command_line(spec_of(1)) +
                "</cmdline>\n"
                "  </os>\n"
                "  <features>\n"
                "    <acpi />\n"
                "    <vmcoreinfo state=\"on\" />\n"
                "  </features>\n"
                "  <pm>\n"
                "    <suspend-to-mem enabled=\"no\" />\n"
                "    <suspend-to-disk enabled=\"no\" />\n"
                "  </pm>\n"
                "  <cpu mode=\"maximum\">\n"
                "    <feature policy=\"disable\" name=\"erms\" />\n"
                "    <feature policy=\"disable\" name=\"fsrm\" />\n"
                "    <feature policy=\"disable\" name=\"monitor\" />\n"
                "    <topology sockets=\"1\" cores=\"1\" threads=\"1\" />\n"
                "  </cpu>\n"
                "  <clock offset=\"utc\" />\n"
                "  <on_poweroff>destroy</on_poweroff>\n"
                "  <on_reboot>destroy</on_reboot>\n"
                "  <on_crash>preserve</on_crash>\n"
                "  <devices>\n"
                "    <emulator>/usr/libexec/kmodtest/kmodtest-qemu</emulator>\n"
                "    <controller type=\"usb\" model=\"none\" />\n"
                "    <serial type=\"file\">\n"
                "      <source path=\"/r/g1/console\" />\n"
                "      <target port=\"0\" />\n"
                "    </serial>\n"
                "    <channel type=\"unix\">\n"
                "      <source mode=\"bind\" path=\"/r/g1/agent\" />\n"
                "      <target type=\"virtio\" name=\"org.kmodtest.agent.0\" />\n"
                "    </channel>\n"
                "    <audio id=\"1\" type=\"none\" />\n"
                "    <memballoon model=\"none\" />\n"
                "    <panic model=\"isa\" />\n"
                "  </devices>\n"
                "  <qemu:commandline>\n"
                "    <qemu:arg value=\"-global\" />\n"
                "    <qemu:arg value=\"max-x86_64-cpu.vendor=GenuineIntel\" />\n"
                "    <qemu:arg value=\"-global\" />\n"
                "    <qemu:arg value=\"max-x86_64-cpu.family=6\" />\n"
                "    <qemu:arg value=\"-global\" />\n"
                "    <qemu:arg value=\"max-x86_64-cpu.model=85\" />\n"
                "    <qemu:arg value=\"-global\" />\n"
                "    <qemu:arg value=\"max-x86_64-cpu.stepping=4\" />\n"
                "  </qemu:commandline>\n"
                "</domain>\n");
}

TEST(DomainXml, HasTheTopology) {
  GuestSpec spec = spec_of(8);
  spec.sockets = 2;
  spec.threads = 2;
  const Parsed xml(spec);
  EXPECT_EQ(xml("/domain/vcpu"), "8");
  EXPECT_EQ(xml("/domain/cpu/topology/@sockets"), "2");
  EXPECT_EQ(xml("/domain/cpu/topology/@cores"), "2");
  EXPECT_EQ(xml("/domain/cpu/topology/@threads"), "2");
}

TEST(DomainXml, HasTheNodes) {
  GuestSpec spec = spec_of(3);
  spec.numa = {{"0-1", 128}, {"2", 128}};
  const Parsed xml(spec);
  EXPECT_EQ(xml("count(/domain/cpu/numa/cell)"), "2");
  EXPECT_EQ(xml("/domain/cpu/numa/cell[@id='0']/@cpus"), "0-1");
  EXPECT_EQ(xml("/domain/cpu/numa/cell[@id='1']/@cpus"), "2");
  EXPECT_EQ(xml("/domain/cpu/numa/cell[@id='1']/@memory"), "128");
  EXPECT_EQ(xml("/domain/cpu/numa/cell[@id='1']/@unit"), "MiB");
}

TEST(DomainXml, LeavesOutTheCpusOfANodeWithMemoryOnly) {
  GuestSpec spec = spec_of(1);
  spec.numa = {{"0", 128}, {"", 128}};
  EXPECT_EQ(Parsed(spec)("count(/domain/cpu/numa/cell[@id='1']/@cpus)"), "0");
}

TEST(DomainXml, PutsTheAgentOnTheSecondSerialLineWhereThereIsNoVirtio) {
  GuestSpec spec = spec_of(1);
  spec.channel = ChannelKind::serial;
  const Parsed xml(spec);
  EXPECT_EQ(xml("count(/domain/devices/channel)"), "0");
  EXPECT_EQ(xml("/domain/devices/serial[@type='unix']/source/@path"), "/r/g1/agent");
  EXPECT_EQ(xml("/domain/devices/serial[@type='unix']/target/@port"), "1");
  EXPECT_EQ(xml("/domain/devices/serial[@type='file']/target/@port"), "0");
}

TEST(DomainXml, UsesTheHostsCpuUnderKvm) {
  GuestSpec spec = spec_of(1);
  spec.accelerator = Accelerator::kvm;
  const Parsed xml(spec);
  EXPECT_EQ(xml("/domain/@type"), "kvm");
  EXPECT_EQ(xml("/domain/cpu/@mode"), "host-passthrough");
}

TEST(DomainXml, HasNoNetworkNoDisplayAndNoDisk) {
  const Parsed xml(spec_of(2));
  EXPECT_EQ(xml("count(/domain/devices/*[self::interface or self::video or self::graphics or self::disk])"), "0");
}

TEST(DomainXml, EscapesWhatUsersWrite) {
  GuestSpec spec = spec_of(1);
  spec.append = "dyndbg=\"file a.c +p\" <&>'";
  EXPECT_TRUE(Parsed(spec)("/domain/os/cmdline").ends_with(spec.append));
}

TEST(DomainXml, TellsTheWrapperWhoItsControllerIs) {
  GuestFiles files = kFiles;
  files.controller_pid = 4711;
  const Parsed xml(spec_of(1), files);
  EXPECT_STREQ(xml.document.child("domain").attribute("xmlns:qemu").value(),
               "http://libvirt.org/schemas/domain/qemu/1.0");
  EXPECT_EQ(xml("/domain/qemu:commandline/qemu:env[@name='KMODTEST_CONTROLLER']/@value"), "4711");
}

GuestSpec virtual_spec() {
  GuestSpec spec = spec_of(2);
  spec.channel = ChannelKind::memory;
  spec.clock = Clock::virtual_;
  return spec;
}

TEST(DomainXml, LetsQemuTakeTurnsUnderVirtualTimeOnly) {
  GuestFiles files = kFiles;
  files.main_loop_gate = "/lib/gate.so";
  constexpr const char *kPreload = "/domain/qemu:commandline/qemu:env[@name='LD_PRELOAD']/@value";
  EXPECT_EQ(Parsed(virtual_spec(), files)(kPreload), "/lib/gate.so");
  EXPECT_EQ(Parsed(virtual_spec(), files)("/domain/qemu:commandline/qemu:env[@name='KMODTEST_MEMORY']/@value"),
            files.memory.string())
      << "where the guest says that it wants to rest";
  EXPECT_EQ(Parsed(spec_of(2), files)(kPreload), "");
}

TEST(DomainXml, RefusesAnImpossibleSpec) {
  EXPECT_THROW(domain_xml(spec_of(65), "name", kFiles, "/e/qemu"), base::UsageError);
}

TEST(DomainXml, AGuestWithTheMemoryChannelHasTheSharedDeviceAndAnImageForItsState) {
  GuestFiles files = kFiles;
  files.state = "/r/g1/a,b.qcow2";
  const Parsed xml(virtual_spec(), files);
  EXPECT_EQ(xml("count(//channel)"), "0");
  EXPECT_EQ(xml("string(//qemu:arg[1]/@value)"), "-object");
  EXPECT_EQ(xml("string(//qemu:arg[2]/@value)"),
            "memory-backend-file,id=kmodtest-memory,mem-path=/r/g1/memory,size=33554432,share=on");
  EXPECT_EQ(xml("string(//qemu:arg[4]/@value)"), "ivshmem-plain,memdev=kmodtest-memory,master=on,bus=pcie.0,addr=0x10");
  EXPECT_EQ(xml("string(//qemu:arg[6]/@value)"),
            "driver=qcow2,node-name=kmodtest-state,cache.no-flush=on,"
            "file.driver=file,file.filename=/r/g1/a,,b.qcow2,file.aio=threads");
}

TEST(DomainXml, UnderVirtualTimeNothingComesFromTheHost) {
  const Parsed xml(virtual_spec());
  EXPECT_EQ(xml("string(//qemu:arg[6]/@value)"), "shift=2,sleep=off");
  EXPECT_EQ(xml("string(//cpu/feature[@name='rdrand']/@policy)"), "disable");
  EXPECT_EQ(xml("string(//cpu/feature[@name='rdseed']/@policy)"), "disable");
  EXPECT_EQ(xml("string(//clock/@offset)"), "absolute");
  EXPECT_EQ(xml("string(//clock/timer[@name='rtc']/@track)"), "guest");
}

TEST(DomainXml, ARestoredGuestNeedsNoKernelAndWritesNothingIntoItsSavedState) {
  GuestFiles files = kFiles;
  files.state = "/r/g1/state.qcow2";
  files.saved = "/proc/7/fd/8";
  const Parsed xml(virtual_spec(), files);
  EXPECT_EQ(xml("count(//os/kernel | //os/initrd | //os/cmdline)"), "0");
  EXPECT_EQ(xml("string(//qemu:arg[6]/@value)"),
            "driver=qcow2,node-name=kmodtest-state,cache.no-flush=on,file.driver=qcow2,"
            "file.file.driver=file,file.file.filename=/r/g1/state.qcow2,file.file.aio=threads,"
            "file.backing.driver=file,file.backing.filename=/proc/7/fd/8,file.backing.aio=threads,"
            "file.backing.read-only=on");
}

TEST(DomainXml, TheLibraryInQemuLearnsWhatToDo) {
  GuestFiles files = kFiles;
  files.main_loop_gate = "/lib/gate.so";
  const auto variable = [&](const char *name) {
    return Parsed(virtual_spec(), files)(fmt::format("string(//qemu:env[@name='{}']/@value)", name).c_str());
  };
  EXPECT_EQ(variable("KMODTEST_MEMORY_TO"), "");
  files.memory_to = "/r/g1/memory-image";
  EXPECT_EQ(variable("KMODTEST_MEMORY_TO"), "/r/g1/memory-image");
  EXPECT_EQ(variable("KMODTEST_PAUSE"), "");
  files.long_pause = true;
  EXPECT_EQ(variable("KMODTEST_PAUSE"), "250,2500");
  EXPECT_EQ(variable("KMODTEST_FIT_TURNS"), "");
  GuestSpec nine = virtual_spec();
  nine.cpus = 9;
  EXPECT_EQ(Parsed(nine, files)("string(//qemu:env[@name='KMODTEST_FIT_TURNS']/@value)"), "1");
  EXPECT_EQ(variable("KMODTEST_MEMORY_FROM"), "");
  files.saved_memory = "/proc/7/fd/9";
  EXPECT_EQ(variable("KMODTEST_MEMORY_FROM"), "/proc/7/fd/9");
}

TEST(DomainXml, QemuGetsAScheduleByAFileAndCarriesItOutAsAPlugin) {
  GuestFiles files = kFiles;
  files.main_loop_gate = "/lib/gate.so";
  constexpr const char *kFile = "string(//qemu:env[@name='KMODTEST_SCHEDULE']/@value)";
  constexpr const char *kPlugin = "string(//qemu:arg[@value='-plugin']/following-sibling::qemu:arg[1]/@value)";
  EXPECT_EQ(Parsed(virtual_spec(), files)(kFile), "");
  EXPECT_EQ(Parsed(virtual_spec(), files)(kPlugin), "");
  files.schedule = "/r/g1/schedule";
  EXPECT_EQ(Parsed(virtual_spec(), files)(kFile), "/r/g1/schedule");
  EXPECT_EQ(Parsed(virtual_spec(), files)(kPlugin), "file=/lib/gate.so");
}

TEST(DomainXml, VirtualTimeNeedsAnEmulatedGuestWithTheMemoryChannel) {
  GuestSpec spec = virtual_spec();
  spec.channel = ChannelKind::serial;
  EXPECT_THROW(check(spec), base::UsageError);
  spec = virtual_spec();
  spec.accelerator = Accelerator::kvm;
  EXPECT_THROW(check(spec), base::UsageError);
}

}  // namespace
}  // namespace kmodtest::vm
