#pragma once

#include <linux/netlink.h>

#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "netlink/message.h"
#include "netlink/transport.h"

namespace nsmap::netlink {

// A run of attributes under construction.
class AttributeList {
 public:
  AttributeList& add(std::uint16_t type, Bytes payload);
  // The value as it lies in memory; its type decides the attribute's length.
  template <typename T>
  AttributeList& add(std::uint16_t type, const T& value) {
    return add(type, std::as_bytes(std::span(&value, 1)));
  }
  template <typename T>
  AttributeList& be(std::uint16_t type, T value) {
    return add(type, from_be(value));
  }
  AttributeList& flag(std::uint16_t type) { return add(type, Bytes()); }
  AttributeList& text(std::uint16_t type, std::string_view text);  // with a NUL
  AttributeList& nest(std::uint16_t type, const AttributeList& inner);
  // Bytes that are no attribute, before some that are; padded.
  AttributeList& raw(Bytes bytes);

  bool empty() const { return bytes_.empty(); }
  Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// A request under construction: header, family header, attributes.
class Request {
 public:
  // `flags` beside NLM_F_REQUEST.
  template <typename FamilyHeader>
  Request(std::uint16_t type, std::uint16_t flags, const FamilyHeader& family) {
    begin(type, flags);
    append(std::as_bytes(std::span(&family, 1)));
  }

  // A copy of a whole request, to add to.
  explicit Request(Bytes request) : bytes_(request.begin(), request.end()) {}

  Request& attribute(std::uint16_t type, Bytes payload);
  template <typename T>
  Request& attribute(std::uint16_t type, const T& value) {
    return attribute(type, std::as_bytes(std::span(&value, 1)));
  }
  Request& attributes(const AttributeList& list);

  Bytes bytes() const { return bytes_; }
  void set_sequence(std::uint32_t sequence);
  void add_flags(std::uint16_t flags);

 private:
  void begin(std::uint16_t type, std::uint16_t flags);
  void append(Bytes bytes);

  std::vector<std::byte> bytes_;
};

// Why a request failed.
struct Failure {
  enum class What {
    refused,      // the kernel answered with an error
    interrupted,  // the dump stayed torn (NLM_F_DUMP_INTR) after retries
    malformed,    // an answer that is no netlink
    transport,    // sending or receiving failed
  };
  What what = What::refused;
  int error = 0;        // errno, where there is one
  std::string message;  // the kernel's extended ack (NLMSGERR_ATTR_MSG), if any
};

using Visit = std::function<void(const Message&)>;

// Sends a dump request (NLM_F_DUMP is added) and calls `visit` for each message of the answer.
// A torn dump is asked again up to three times; `restart` is called before each new attempt so that
// the caller can drop what it has. NLMSG_DONE may itself carry an error, which is one here too.
std::optional<Failure> dump(Transport& transport, Request request, const Visit& visit,
                            const std::function<void()>& restart);

// Sends a request for one object (NLM_F_ACK is not needed: the answer is the object or an error)
// and calls `visit` for the answer.
std::optional<Failure> get(Transport& transport, Request request, const Visit& visit);

// For one line: "Operation not permitted (…)".
std::string describe(const Failure& failure);

}  // namespace nsmap::netlink
