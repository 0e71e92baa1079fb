#pragma once

#include "base/result.h"

// Gives up, for good, what a program that serves others does not need, so that whoever finds a hole
// in it finds little else.
//
// Capabilities (capabilities(7)): all go but those that reading the live host takes. System calls
// (seccomp(2)): those in the tables of confine.cc stay, which are what nsmap serve was seen to
// make; others fail with EPERM, rather than ending the program, so that a C library or kernel that
// does things another way is a message and no outage. What stays gives no way to start a program or
// a process, to open a file for writing or a socket of the internet, or to make memory executable.

namespace nsmap::os {

struct Confinement {
  bool reads_host = true;      // the live host is going to be read
  bool keeps_history = false;  // writes a database
  bool removes_files = false;  // a unix socket, at the end
};

// Of all threads. To be called before there are any that read the host.
SysResult<void> confine(const Confinement& confinement);

}  // namespace nsmap::os
