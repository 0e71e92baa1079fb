// The floor: what reading named network namespaces over netlink costs at the least.
//
//   bench_floor [--files] [DIRECTORY]
//
// Asks in every namespace of DIRECTORY (/run/netns) what nsmap asks in it (src/collect; the table
// below is kept in step with its collectors), from one thread, and throws the answers away. With
// --files it also reads the files of /proc that nsmap reads there.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 18];
static unsigned long bytes, calls, namespaces;

struct question {
  int type, flags;
  unsigned char body[24];  // the family header, and an attribute for RTM_GETNETCONF
  int length;
};

#define ALL_OF(struct_name) .length = sizeof(struct struct_name)
// struct netconfmsg, then the attribute NETCONFA_IFINDEX, little-endian: -1 is all, -2 the default.
#define NETCONF(family, index) \
  { family, 0, 0, 0, 8, 0, NETCONFA_IFINDEX, 0, index, 255, 255, 255 }

static const struct question kQuestions[] = {
    {RTM_GETLINK, NLM_F_DUMP, {0}, ALL_OF(ifinfomsg)},
    {RTM_GETQDISC, NLM_F_DUMP, {0}, ALL_OF(tcmsg)},
    {RTM_GETADDR, NLM_F_DUMP, {AF_INET}, ALL_OF(ifaddrmsg)},
    {RTM_GETADDR, NLM_F_DUMP, {AF_INET6}, ALL_OF(ifaddrmsg)},
    {RTM_GETROUTE, NLM_F_DUMP, {AF_INET}, ALL_OF(rtmsg)},
    {RTM_GETROUTE, NLM_F_DUMP, {AF_INET6}, ALL_OF(rtmsg)},
    {RTM_GETRULE, NLM_F_DUMP, {0}, ALL_OF(rtmsg)},
    {RTM_GETNEXTHOP, NLM_F_DUMP, {0}, ALL_OF(nhmsg)},
    {RTM_GETNEIGH, NLM_F_DUMP, {0}, ALL_OF(ndmsg)},
    {RTM_GETNEIGH, NLM_F_DUMP, {[offsetof(struct ndmsg, ndm_flags)] = NTF_PROXY}, ALL_OF(ndmsg)},
    {RTM_GETNSID, NLM_F_DUMP, {0}, ALL_OF(rtgenmsg)},
    {RTM_GETNETCONF, 0, NETCONF(AF_INET, 255), .length = 12},
    {RTM_GETNETCONF, 0, NETCONF(AF_INET, 254), .length = 12},
    {RTM_GETNETCONF, 0, NETCONF(AF_INET6, 255), .length = 12},
    {RTM_GETNETCONF, 0, NETCONF(AF_INET6, 254), .length = 12},
};

static const char* const kFiles[] = {
    "/proc/thread-self/net/sockstat",
    "/proc/sys/net/ipv4/conf/all/accept_local",
    "/proc/sys/net/ipv4/conf/all/arp_ignore",
    "/proc/sys/net/ipv4/conf/all/route_localnet",
    "/proc/sys/net/ipv4/conf/all/src_valid_mark",
    "/proc/sys/net/ipv4/fib_multipath_hash_policy",
    "/proc/sys/net/ipv4/ip_nonlocal_bind",
    "/proc/sys/net/ipv4/ip_unprivileged_port_start",
};

static void die(const char* what) {
  perror(what);
  exit(1);
}

// Whether the datagram in the buffer ends the answer.
static int ends(ssize_t size, int dump) {
  for (struct nlmsghdr* header = (void*)buffer; NLMSG_OK(header, size);
       header = NLMSG_NEXT(header, size))
    if (!dump || header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return 1;
  return 0;
}

static void ask(int netlink, const struct question* question) {
  struct {
    struct nlmsghdr header;
    unsigned char body[sizeof question->body];
  } request = {.header = {.nlmsg_len = NLMSG_LENGTH(question->length),
                          .nlmsg_type = question->type,
                          .nlmsg_flags = NLM_F_REQUEST | question->flags}};
  memcpy(request.body, question->body, sizeof request.body);
  if (send(netlink, &request, request.header.nlmsg_len, 0) < 0) die("send");
  calls++;
  for (;;) {
    const ssize_t size = recv(netlink, buffer, sizeof buffer, 0);
    if (size <= 0) die("recv");
    calls++;
    bytes += size;
    if (ends(size, question->flags & NLM_F_DUMP)) return;
  }
}

static void read_files(void) {
  for (size_t i = 0; i < sizeof kFiles / sizeof *kFiles; i++) {
    const int file = open(kFiles[i], O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    if (read(file, buffer, sizeof buffer) < 0) die(kFiles[i]);
    close(file);
    calls += 3;
  }
}

static void read_namespace(int directory, const char* name, int files) {
  const int ns = openat(directory, name, O_RDONLY | O_CLOEXEC);
  if (ns < 0 || setns(ns, CLONE_NEWNET)) die(name);
  close(ns);
  const int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (netlink < 0) die("socket");
  const int one = 1;
  setsockopt(netlink, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  for (size_t i = 0; i < sizeof kQuestions / sizeof *kQuestions; i++) ask(netlink, &kQuestions[i]);
  close(netlink);
  if (files) read_files();
  namespaces++;
}

int main(int count, char** values) {
  const int files = count > 1 && strcmp(values[1], "--files") == 0;
  const char* path = count > 1 + files ? values[1 + files] : "/run/netns";
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  DIR* names = opendir(path);
  if (!names) die(path);
  for (struct dirent* entry; (entry = readdir(names));)
    if (entry->d_name[0] != '.') read_namespace(dirfd(names), entry->d_name, files);
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double us = (end.tv_sec - begin.tv_sec) * 1e6 + (end.tv_nsec - begin.tv_nsec) / 1e3;
  printf("%lu namespaces, %.1f us each, %lu calls, %lu bytes\n", namespaces,
         us / (namespaces ? namespaces : 1), calls, bytes);
  return 0;
}
