"""Debian's kernels under QEMU, for what the machine's own kernel may lack: the stock one, and a newer
one that Debian 12 has too, for what the stock one lacks.

A kernel's package is downloaded and unpacked once, into a cache directory (NSMAP_CACHE, else
build/cache), never installed. QEMU emulates the processor (TCG), so the guest needs no /dev/kvm.
"""

import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess

import harness
from harness import NSMAP, ROOT, WORK, sh

SCRIPTS = ROOT / "tests/qemu"
CACHE = pathlib.Path(os.environ.get("NSMAP_CACHE", ROOT / "build/cache"))
KERNEL = CACHE / "kernel"
NEWER_KERNEL = CACHE / "kernel-6.12"
PROGRAMS = ("qemu-system-x86_64", "cpio", "busybox", "modprobe", "zstd")  # for harness.main()

BOOT_MODULES = "crc32c_generic libcrc32c 9p 9pnet_virtio virtio_pci netfs fscache"


def fetch_kernel():
    """Downloads and unpacks the stock kernel into KERNEL, once, whichever test comes first."""
    _fetch(KERNEL, "apt-cache depends linux-image-amd64", r"Depends: (linux-image-\S+)")


def fetch_newer_kernel():
    """The same of the newest Linux 6.12 that there is for Debian 12."""
    _fetch(NEWER_KERNEL, "apt-cache search --names-only '^linux-image-6[.]12[.].*deb12-amd64$' | sort -rV",
           r"(linux-image-\S+)")


def fetch_kernels():
    fetch_kernel()
    fetch_newer_kernel()


def _fetch(kernel, look, pattern):
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "kernel.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kernel.exists():
            _make_kernel(kernel, re.search(pattern, sh(look, check=False)))


def _make_kernel(kernel, package):
    if not package:
        raise harness.Unavailable(f"apt knows no {kernel.name} (apt-get update?)")
    making = kernel.with_name(kernel.name + ".new")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        sh(f"apt-get download {package.group(1)}", cwd=making, timeout=200)
    except AssertionError as error:
        raise harness.Unavailable(f"{package.group(1)} cannot be downloaded: {error}") from error
    sh(f"dpkg-deb -x {making}/*.deb {making} && rm {making}/*.deb")
    version = os.listdir(making / "lib/modules")[0]
    sh(f"depmod -b {making} {version} && "
       f"/usr/bin/python3 {SCRIPTS}/extract_vmlinux.py {making}/boot/vmlinuz-{version} {making}/vmlinux")
    making.rename(kernel)


def boot(script, modules, *programs, files=(), kernel=KERNEL):
    """Runs a script of tests/qemu in the guest, the kernel's modules loaded, `programs` and nsmap at
    hand, beside it nsmap and `files`, texts by name. Gives the directory with all that it left."""
    share = WORK / f"share-{kernel.name}"
    share.mkdir()
    shutil.copy(SCRIPTS / script, share / "run.sh")
    (share / "modules.txt").write_text(modules)
    for name, text in dict(files).items():
        (share / name).write_text(text)
    for program in programs:
        if not program.startswith(("/sbin/", "/usr/")):
            shutil.copy(program, share)
    shutil.copy(NSMAP, share / "nsmap")
    version = os.listdir(kernel / "lib/modules")[0]
    sh(f"{SCRIPTS}/mkinitrd.sh {kernel} {version} {WORK}/initrd '{modules} {BOOT_MODULES}' "
       f"{pathlib.Path(NSMAP).resolve()} " + " ".join(programs))
    done = subprocess.run(
        ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
         "-serial", "stdio", "-m", "512", "-accel", "tcg", "-M", "q35", "-cpu", "Nehalem",
         "-kernel", str(kernel / "vmlinux"), "-initrd", f"{WORK}/initrd",
         "-append", "console=ttyS0 quiet panic=-1 loglevel=3 mitigations=off",
         "-fsdev", f"local,id=f0,path={share},security_model=none",
         "-device", "virtio-9p-pci,fsdev=f0,mount_tag=share"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200, errors="replace")
    console = done.stdout + done.stderr
    if "GUEST-EXIT=0" not in console:
        raise AssertionError(f"the guest failed: {console[-3000:]}")
    return share


class Stepped(harness.TestCase):
    """What steps.sh did in a guest, which left it in the directory `share`."""

    def said(self, step, status=0):
        """What a step printed, whose exit status must be that."""
        text = (self.share / f"{step}.out").read_text(errors="replace")
        self.assertEqual((self.share / f"{step}.exit").read_text().strip(), str(status), text[-3000:])
        return text

    def facts(self, step):
        return json.loads(self.said(step))
