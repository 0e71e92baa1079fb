#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/state.h"
#include "serve/answers.h"
#include "serve/archive.h"
#include "serve/call.h"
#include "serve/events.h"
#include "serve/guard.h"
#include "serve/metrics.h"

namespace nsmap::serve {

struct SiteOptions {
  std::string token;
  HostPolicy hosts;
  std::string run;                  // tells this run from others, [0-9A-Za-z]+
  std::string history = {};         // a file of saved states; empty: none
  std::size_t most_streams = 1000;  // of events
  // How many bytes of documents of states that were may be held by those who still receive them.
  std::size_t most_held = 256u << 20;
};

// From requests to replies, without a socket: what is asked for, whether it may be, and what the
// newest state answers. For one thread.
class Site {
 public:
  explicit Site(SiteOptions options);

  void publish(live::StatePtr state);
  Reply answer(const Call& call);

  // The paths there are, with {id} for what names something.
  static std::vector<std::string_view> paths();

  const Events& events() const { return events_; }
  Counts& counts() { return counts_; }

 private:
  struct Context;
  struct Route;
  static const Route kRoutes[];
  static const Route* find(std::string_view path);

  Reply dispatch(const Call& call);
  std::optional<Reply> refuse(const Call& call) const;
  Reply run(const Route& route, const Call& call, const struct Target& target);
  void finish(const Call& call, Reply& reply) const;
  bool is_crowded();
  Reply whole(const Context& context, DocumentPtr (Answers::*document)(bool may_make));
  // Sets the state that is asked: the newest, or the saved one that ?at=ID names. The reply where
  // there is none.
  std::optional<Reply> choose_state(const Route& route, const struct Target& target,
                                    Context& context);
  tl::expected<Answers*, Reply> saved_state(std::string_view id);

  static Reply health(const Context& context);
  static Reply page(const Context& context);
  static Reply openapi(const Context& context);
  static Reply snapshot(const Context& context);
  static Reply namespaces(const Context& context);
  static Reply one_namespace(const Context& context);
  static Reply whois(const Context& context);
  static Reply graph(const Context& context);
  static Reply diff(const Context& context);
  static Reply history(const Context& context);
  static Reply events(const Context& context);
  static Reply metrics(const Context& context);

  SiteOptions options_;
  std::optional<Answers> answers_;  // of the newest state
  std::optional<Archive> archive_;
  Events events_;
  Counts counts_;
  DocumentPtr page_;
  DocumentPtr openapi_;
  std::string page_policy_;
  // Documents of all of the newest state that were given out, and of states that were.
  std::vector<std::weak_ptr<const Document>> given_;
  std::vector<std::weak_ptr<const Document>> past_;
};

// An error's reply: {"error":"…"}.
Reply error_reply(unsigned status, std::string_view text);

}  // namespace nsmap::serve
