#include "netlink/request.h"

#include <fmt/format.h>

#include <system_error>

#include "netlink/answer.h"

namespace nsmap::netlink {
namespace {

constexpr int kAttempts = 4;

// How one attempt ended, or that it goes on with the next datagram.
struct Progress {
  bool ended = false;
  bool torn = false;
  std::optional<Failure> failure;
};

void take(const Message& message, std::uint32_t sequence, bool single, const Visit& visit,
          Progress& progress) {
  if (message.header().nlmsg_seq != sequence) return;  // left over from an abandoned attempt
  progress.torn = progress.torn || (message.header().nlmsg_flags & NLM_F_DUMP_INTR) != 0;
  if (message.type() == NLMSG_DONE || message.type() == NLMSG_ERROR) {
    progress.ended = true;
    progress.failure = message.type() == NLMSG_DONE ? error_of_done(message) : error_of(message);
  } else if (message.type() >= NLMSG_MIN_TYPE) {
    visit(message);
    progress.ended = single;
  }
}

Progress attempt(Transport& transport, Request& request, bool single, const Visit& visit) {
  const std::uint32_t sequence = next_sequence();
  request.set_sequence(sequence);
  Progress progress;
  if (const auto sent = transport.send(request.bytes()); !sent) {
    progress.failure = Failure{Failure::What::transport, sent.error().value, {}};
    return progress;
  }
  while (!progress.ended) {
    const auto datagram = transport.receive();
    if (!datagram) {
      progress.failure = Failure{Failure::What::transport, datagram.error().value, {}};
      return progress;
    }
    const bool whole = for_each_message(*datagram, [&](const Message& message) {
      take(message, sequence, single, visit, progress);
      return !progress.ended;
    });
    if (!whole) {
      progress.failure = Failure{Failure::What::malformed, 0, {}};
      return progress;
    }
  }
  return progress;
}

}  // namespace

AttributeList& AttributeList::add(std::uint16_t type, Bytes payload) {
  const nlattr header{static_cast<std::uint16_t>(NLA_HDRLEN + payload.size()), type};
  return raw(std::as_bytes(std::span(&header, 1))).raw(payload);
}

AttributeList& AttributeList::text(std::uint16_t type, std::string_view text) {
  const std::string ended(text);
  return add(type, std::as_bytes(std::span(ended.c_str(), ended.size() + 1)));
}

AttributeList& AttributeList::nest(std::uint16_t type, const AttributeList& inner) {
  return add(static_cast<std::uint16_t>(type | NLA_F_NESTED), inner.bytes());
}

AttributeList& AttributeList::raw(Bytes bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  bytes_.resize(NLA_ALIGN(bytes_.size()));
  return *this;
}

void Request::begin(std::uint16_t type, std::uint16_t flags) {
  constexpr std::size_t kMostlyEnough = 64;
  bytes_.reserve(kMostlyEnough);
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  append(std::as_bytes(std::span(&header, 1)));
}

void Request::append(Bytes bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  const auto size = static_cast<std::uint32_t>(bytes_.size());
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &size, sizeof size);
}

Request& Request::attribute(std::uint16_t type, Bytes payload) {
  return attributes(AttributeList().add(type, payload));
}

Request& Request::attributes(const AttributeList& list) {
  append(list.bytes());
  return *this;
}

void Request::set_sequence(std::uint32_t sequence) {
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
}

void Request::add_flags(std::uint16_t flags) {
  std::byte* const place = bytes_.data() + offsetof(nlmsghdr, nlmsg_flags);
  std::uint16_t all = 0;
  std::memcpy(&all, place, sizeof all);
  all = static_cast<std::uint16_t>(all | flags);
  std::memcpy(place, &all, sizeof all);
}

std::optional<Failure> dump(Transport& transport, Request request, const Visit& visit,
                            const std::function<void()>& restart) {
  request.add_flags(NLM_F_DUMP);
  for (int i = 0; i < kAttempts; ++i) {
    if (i != 0) restart();
    const Progress progress = attempt(transport, request, false, visit);
    if (progress.failure) return progress.failure;
    if (!progress.torn) return std::nullopt;
  }
  return Failure{Failure::What::interrupted, 0, {}};
}

std::optional<Failure> get(Transport& transport, Request request, const Visit& visit) {
  return attempt(transport, request, true, visit).failure;
}

std::string describe(const Failure& failure) {
  const auto reason = [&] { return std::generic_category().message(failure.error); };
  switch (failure.what) {
    case Failure::What::refused:
      return failure.message.empty() ? reason() : fmt::format("{} ({})", reason(), failure.message);
    case Failure::What::interrupted:
      return "it kept changing while it was read";
    case Failure::What::malformed:
      return "the kernel's answer is malformed";
    case Failure::What::transport:
      return reason();
  }
  return {};
}

}  // namespace nsmap::netlink
