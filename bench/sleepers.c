// Fills a host with processes that do nothing.
//
//   bench_sleepers namespaces          one in each namespace of /run/netns
//   bench_sleepers mounts              the same, each in a mount namespace of its own, as
//                                      `ip netns exec` makes them (ip-netns(8))
//   bench_sleepers processes N [FDS]   N of them here, each with FDS descriptors, half of them
//   sockets
//
// Says "ready" when all are there; they end with it.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ready[2];  // each sleeper writes one byte

static void die(const char* what) {
  perror(what);
  exit(1);
}

static void sleep_on(void) {
  if (write(ready[1], "", 1) != 1) die("write");
  close(ready[0]);
  close(ready[1]);
  for (;;) pause();
}

static int is_child(void) {
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  return child == 0;
}

static void own_mounts(const char* name) {
  if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_SLAVE | MS_REC, NULL)) die("unshare");
  if (umount2("/sys", MNT_DETACH) || mount(name, "/sys", "sysfs", 0, NULL)) die("/sys");
}

static int in_namespaces(int mounts) {
  int count = 0;
  DIR* names = opendir("/run/netns");
  if (!names) die("/run/netns");
  for (struct dirent* entry; (entry = readdir(names));) {
    if (entry->d_name[0] == '.') continue;
    count++;
    if (!is_child()) continue;
    const int ns = openat(dirfd(names), entry->d_name, O_RDONLY | O_CLOEXEC);
    if (ns < 0 || setns(ns, CLONE_NEWNET)) die(entry->d_name);
    close(ns);
    closedir(names);
    if (mounts) own_mounts("bench");
    sleep_on();
  }
  closedir(names);
  return count;
}

static void open_descriptors(int count) {
  const int kinds[] = {socket(AF_UNIX, SOCK_DGRAM, 0), open("/dev/null", O_RDONLY)};
  for (int i = 2; i < count; i++)
    if (dup(kinds[i % 2]) < 0) die("dup");
}

static int here(int count, int descriptors) {
  for (int i = 0; i < count; i++) {
    if (!is_child()) continue;
    open_descriptors(descriptors);
    sleep_on();
  }
  return count;
}

int main(int count, char** values) {
  const char* what = count > 1 ? values[1] : "";
  int sleepers = -1;
  if (pipe(ready)) die("pipe");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (strcmp(what, "namespaces") == 0) sleepers = in_namespaces(0);
  if (strcmp(what, "mounts") == 0) sleepers = in_namespaces(1);
  if (strcmp(what, "processes") == 0 && count > 2)
    sleepers = here(atoi(values[2]), count > 3 ? atoi(values[3]) : 0);
  if (sleepers < 0) {
    fprintf(stderr, "usage: bench_sleepers namespaces|mounts|processes N [FDS]\n");
    return 2;
  }
  char byte;
  for (int i = 0; i < sleepers; i++)
    if (read(ready[0], &byte, 1) != 1) die("a sleeper died");
  printf("{\"ready\":%d}\n", sleepers);
  fflush(stdout);
  for (;;) pause();
}
