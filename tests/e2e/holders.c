// Keeps a network namespace alive in one particular way, and in no other.
//
//   e2e_holders MODE [ARGUMENT...]
//
// Makes the namespace, comes back to its own, lets go of everything but what the mode is about, and
// prints one JSON line: "pid", and, as the mode has them, "tid", "fd", "ino" (of the network
// namespace), "mnt" (the mount namespace's inode), "path". Then it waits to be killed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char** arguments;

static long check(long result, const char* what) {
  if (result >= 0) return result;
  fprintf(stderr, "e2e_holders: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int open_self(const char* kind) {
  char path[64];
  snprintf(path, sizeof path, "/proc/thread-self/ns/%s", kind);
  return (int)check(open(path, O_RDONLY | O_CLOEXEC), path);
}

static unsigned long inode_of(int fd) {
  struct stat status;
  check(fstat(fd, &status), "fstat");
  return status.st_ino;
}

static unsigned long self_inode(const char* kind) {
  const int fd = open_self(kind);
  const unsigned long inode = inode_of(fd);
  close(fd);
  return inode;
}

static int tid(void) { return (int)syscall(SYS_gettid); }

static void ready(const char* format, ...) __attribute__((format(printf, 1, 2)));
static void ready(const char* format, ...) {
  va_list list;
  va_start(list, format);
  printf("{\"pid\":%d,", getpid());
  vprintf(format, list);
  printf("}\n");
  fflush(stdout);
  va_end(list);
}

_Noreturn static void forever(void) {
  for (;;) pause();
}

// The calling thread in a namespace of its own; gives a descriptor of the one it came from.
static int leave_home(void) {
  const int home = open_self("net");
  check(unshare(CLONE_NEWNET), "unshare");
  return home;
}

static void go_home(int home) {
  check(setns(home, CLONE_NEWNET), "setns");
  close(home);
}

static void run_thread(void* (*body)(void*)) {
  pthread_t thread;
  errno = pthread_create(&thread, NULL, body, NULL);
  check(errno ? -1 : 0, "pthread_create");
}

static void* thread_netns(void* unused) {
  (void)unused;
  close(leave_home());
  ready("\"tid\":%d,\"ino\":%lu", tid(), self_inode("net"));
  forever();
}

// A thread lives in the namespace; its process does not.
static void mode_thread(void) {
  run_thread(thread_netns);
  forever();
}

// The leader is gone and a zombie; one thread lives on in the namespace.
static void mode_zombie_leader(void) {
  run_thread(thread_netns);
  syscall(SYS_exit, 0);
}

static void* thread_own_table(void* unused) {
  (void)unused;
  check(unshare(CLONE_FILES), "unshare");
  const int home = leave_home();
  const int fd = open_self("net");
  go_home(home);
  ready("\"tid\":%d,\"fd\":%d,\"ino\":%lu", tid(), fd, inode_of(fd));
  forever();
}

// A descriptor in the table of a thread that does not share its process's.
static void mode_thread_fd(void) {
  run_thread(thread_own_table);
  forever();
}

static void mode_fd(void) {
  const int home = leave_home();
  const int fd = open_self("net");
  go_home(home);
  ready("\"fd\":%d,\"ino\":%lu", fd, inode_of(fd));
  forever();
}

// A process that lives in the namespace.
static void mode_process(void) {
  close(leave_home());
  ready("\"ino\":%lu", self_inode("net"));
  forever();
}

// A socket of the family given as argument ("inet", "inet6", "netlink", "packet", "unix").
static void mode_socket(void) {
  static const struct {
    const char* name;
    int family, type;
  } kFamilies[] = {{"inet", AF_INET, SOCK_DGRAM},
                   {"inet6", AF_INET6, SOCK_STREAM},
                   {"netlink", AF_NETLINK, SOCK_RAW},
                   {"packet", AF_PACKET, SOCK_DGRAM},
                   {"unix", AF_UNIX, SOCK_STREAM}};
  const int home = leave_home();
  const unsigned long ino = self_inode("net");
  int fd = -1;
  for (size_t i = 0; i < sizeof kFamilies / sizeof *kFamilies; i++)
    if (strcmp(arguments[0], kFamilies[i].name) == 0)
      fd = socket(kFamilies[i].family, kFamilies[i].type | SOCK_CLOEXEC, 0);
  check(fd, "socket");
  go_home(home);
  ready("\"fd\":%d,\"ino\":%lu", fd, ino);
  forever();
}

// A TAP interface (its name is the argument) in the namespace, served from outside.
static void mode_tun(void) {
  const int home = leave_home();
  const unsigned long ino = self_inode("net");
  const int fd = (int)check(open("/dev/net/tun", O_RDWR | O_CLOEXEC), "/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", arguments[0]);
  check(ioctl(fd, TUNSETIFF, &request), "TUNSETIFF");
  go_home(home);
  ready("\"fd\":%d,\"ino\":%lu", fd, ino);
  forever();
}

// Enters a mount namespace of its own, with a tmpfs on the directory given as argument, and mounts
// a new network namespace on a file there. Gives that namespace's inode; the caller is at home.
static unsigned long mount_in_own_mount_ns(char* path, size_t size) {
  check(unshare(CLONE_NEWNS), "unshare");
  check(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "making mounts private");
  check(mount("tmpfs", arguments[0], "tmpfs", 0, NULL), "tmpfs");
  snprintf(path, size, "%s/net", arguments[0]);
  close((int)check(open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0600), path));
  const int home = leave_home();
  const unsigned long ino = self_inode("net");
  check(mount("/proc/thread-self/ns/net", path, NULL, MS_BIND, NULL), "bind mount");
  go_home(home);
  return ino;
}

// A mount that only this process's mount namespace has.
static void mode_mount_elsewhere(void) {
  char path[256];
  const unsigned long ino = mount_in_own_mount_ns(path, sizeof path);
  ready("\"path\":\"%s\",\"mnt\":%lu,\"ino\":%lu", path, self_inode("mnt"), ino);
  forever();
}

// The same, in a mount namespace without a process: this one holds a descriptor of it.
static void mode_mount_by_fd(void) {
  char path[256];
  const int own_mounts = open_self("mnt");
  const unsigned long ino = mount_in_own_mount_ns(path, sizeof path);
  const int fd = open_self("mnt");
  check(setns(own_mounts, CLONE_NEWNS), "setns");
  close(own_mounts);
  ready("\"path\":\"%s\",\"mnt\":%lu,\"fd\":%d,\"ino\":%lu", path, inode_of(fd), fd, ino);
  forever();
}

static void send_descriptor(int channel, int fd) {
  char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  *header = (struct cmsghdr){
      .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  check(sendmsg(channel, &message, 0), "sendmsg");
}

// A descriptor of the namespace in flight: sent over a socket and never received, it is in no
// process's table. In the namespace is one end of a veth, named by the first argument; the other,
// named by the second, is in the caller's.
static void mode_in_flight(void) {
  int channel[2];
  char command[256];
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), "socketpair");
  const int home = leave_home();
  const int fd = open_self("net");
  snprintf(command, sizeof command,
           "ip link add %s type veth peer name %s netns %d && ip link set %s up", arguments[0],
           arguments[1], getppid(), arguments[0]);
  check(system(command) == 0 ? 0 : -1, command);
  go_home(home);
  const unsigned long ino = inode_of(fd);
  send_descriptor(channel[0], fd);
  close(fd);
  ready("\"ino\":%lu", ino);
  forever();
}

// Many descriptors in one process: as many copies of one socket as the argument says.
static void mode_many_fds(void) {
  const int fd = (int)check(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  for (int left = atoi(arguments[0]); left > 1; left--) check(dup(fd), "dup");
  ready("\"ino\":%lu", self_inode("net"));
  forever();
}

static const struct {
  const char* name;
  int arguments;
  void (*run)(void);
} kModes[] = {
    {"process", 0, mode_process},
    {"thread", 0, mode_thread},
    {"zombie-leader", 0, mode_zombie_leader},
    {"thread-fd", 0, mode_thread_fd},
    {"fd", 0, mode_fd},
    {"socket", 1, mode_socket},
    {"tun", 1, mode_tun},
    {"mount-elsewhere", 1, mode_mount_elsewhere},
    {"mount-by-fd", 1, mode_mount_by_fd},
    {"in-flight", 2, mode_in_flight},
    {"many-fds", 1, mode_many_fds},
};

int main(int count, char** values) {
  prctl(PR_SET_PDEATHSIG, 9);
  arguments = values + 2;
  for (size_t i = 0; count > 1 && i < sizeof kModes / sizeof *kModes; i++)
    if (strcmp(values[1], kModes[i].name) == 0 && count - 2 == kModes[i].arguments) kModes[i].run();
  fprintf(stderr, "usage: e2e_holders MODE [ARGUMENT...]; see holders.c\n");
  return 2;
}
