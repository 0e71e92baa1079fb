#include "serve/site.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyze/find.h"
#include "codec/json_write.h"
#include "serve/openapi.h"
#include "serve/page.h"
#include "serve/target.h"
#include "serve/token.h"
#include "serve/words.h"

namespace nsmap::serve {
namespace {

constexpr std::string_view kAllowed = "GET, HEAD";
constexpr std::string_view kName = "{id}";
constexpr std::string_view kNoHistory =
    "no states are kept here; nsmap serve --history PATH keeps them";

struct Candidate {
  model::NetnsId id;
  std::string title;
};
BOOST_DESCRIBE_STRUCT(Candidate, (), (id, title))

struct Ambiguous {
  std::string error;
  std::vector<Candidate> candidates;
};
BOOST_DESCRIBE_STRUCT(Ambiguous, (), (error, candidates))

Reply error_of(unsigned status, const Error& error) { return error_reply(status, line(error)); }

Reply later(std::string_view text, const char* seconds) {
  Reply reply = error_reply(503, text);
  reply.headers.emplace_back("Retry-After", seconds);
  return reply;
}

Reply not_yet() { return later("the host is still being read", "1"); }

Reply ambiguous(const live::State& state, const std::vector<const model::Namespace*>& found,
                std::string text) {
  Ambiguous answer{std::move(text), {}};
  for (const auto* ns : found) answer.candidates.push_back({ns->id, state.titles.of(ns->id)});
  std::string out;
  codec::append_json(out, answer);
  return {.status = 409, .document = json_document(out + "\n")};
}

// A bare number is an inode.
std::string spelling_of(std::string_view name) {
  const bool number = std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
  return (number ? "ino:" : "") + std::string(name);
}

// Whether an If-None-Match lists it; weakly, as the encodings of an answer share a tag.
bool lists(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const auto [element, rest] = split(if_none_match, ',');
    std::string_view tag = trim(element);
    if (tag == "*" || tag == etag) return true;
    if_none_match = rest;
  }
  return false;
}

}  // namespace

struct Site::Context {
  Site& site;
  const Call& call;
  const Target& target;
  std::string_view name;       // what stands in place of {id}
  Answers* answers = nullptr;  // of the state that is asked; null: there is none yet
  std::string state = {};      // its name
};

// Which state an answer is of.
enum class StateOf {
  none,
  newest,
  any,  // the newest, or a saved one
};

struct Site::Route {
  std::string_view path;  // ends in {id} where the rest of a path names something
  bool open;              // to those without a token
  StateOf state;
  Reply (*answer)(const Context& context);
};

const Site::Route Site::kRoutes[] = {
    {"/", true, StateOf::none, page},
    {"/healthz", true, StateOf::none, health},
    {"/metrics", false, StateOf::newest, metrics},
    {"/api/v1/openapi.json", false, StateOf::none, openapi},
    {"/api/v1/snapshot", false, StateOf::any, snapshot},
    {"/api/v1/namespaces", false, StateOf::any, namespaces},
    {"/api/v1/namespaces/{id}", false, StateOf::any, one_namespace},
    {"/api/v1/whois", false, StateOf::any, whois},
    {"/api/v1/graph", false, StateOf::any, graph},
    {"/api/v1/diff", false, StateOf::any, diff},
    {"/api/v1/history", false, StateOf::none, history},
    {"/api/v1/events", false, StateOf::newest, events},
};

std::vector<std::string_view> Site::paths() {
  std::vector<std::string_view> paths;
  for (const Route& route : kRoutes) paths.push_back(route.path);
  return paths;
}

Site::Site(SiteOptions options)
    : options_(std::move(options)),
      events_(options_.run),
      page_(std::make_shared<const Document>(kHtml, std::string(page_html()))),
      openapi_(json_document(std::string(openapi_json()))),
      page_policy_(content_policy(page_html())) {
  if (!options_.history.empty()) archive_.emplace(options_.history);
}

void Site::publish(live::StatePtr state) {
  events_.add(*state);
  answers_.emplace(std::move(state));
  std::ranges::move(given_, std::back_inserter(past_));
  given_.clear();
}

const Site::Route* Site::find(std::string_view path) {
  const auto answers_to = [&](const Route& route) {
    if (!route.path.ends_with(kName)) return path == route.path;
    const auto base = route.path.substr(0, route.path.size() - kName.size());
    return path.size() > base.size() && path.starts_with(base);
  };
  const auto* found = std::ranges::find_if(kRoutes, answers_to);
  return found == std::end(kRoutes) ? nullptr : found;
}

std::optional<Reply> Site::refuse(const Call& call) const {
  if (!call.one_host) return error_reply(400, "there must be one Host header");
  if (!is_our_host(options_.hosts, call.host))
    return error_reply(
        421, fmt::format("this is not {}; nsmap serve --host names it so", clean_text(call.host)));
  if (!call.origin.empty() && !is_same_origin(call.origin, call.host))
    return error_reply(403, "pages from elsewhere get no answer");
  return {};
}

Reply Site::answer(const Call& call) {
  Reply reply = dispatch(call);
  finish(call, reply);
  ++counts_.replies[reply.status];
  return reply;
}

Reply Site::dispatch(const Call& call) {
  if (auto refused = refuse(call)) return *refused;
  if (call.target.size() > kLongestTarget) return error_reply(414, "the target is too long");
  const auto target = parse_target(call.target);
  if (!target) return error_of(400, target.error());
  const Route* route = find(target->path);
  if (!(route && route->open) && !shows_token(call.authorization, options_.token)) {
    Reply reply = error_reply(401, "a token is wanted: Authorization: Bearer TOKEN");
    reply.headers.emplace_back("WWW-Authenticate", "Bearer");
    return reply;
  }
  if (!route) return error_reply(404, "there is no " + target->path);
  return run(*route, call, *target);
}

Reply Site::run(const Route& route, const Call& call, const Target& target) {
  if (call.method != "GET" && call.method != "HEAD") {
    Reply reply = error_reply(405, "nsmap serve only answers GET and HEAD");
    reply.headers.emplace_back("Allow", kAllowed);
    return reply;
  }
  if (call.has_body) return error_reply(413, "a request must have no body");
  Context context{*this, call, target, {}};
  if (route.path.ends_with(kName))
    context.name = std::string_view(target.path).substr(route.path.size() - kName.size());
  if (const auto failed = choose_state(route, target, context)) return *failed;
  Reply reply = route.answer(context);
  if (context.answers) reply.headers.emplace_back("Nsmap-State", context.state);
  return reply;
}

std::optional<Reply> Site::choose_state(const Route& route, const Target& target,
                                        Context& context) {
  if (route.state == StateOf::none) return {};
  const auto at = target.parameter("at");
  if (at && route.state == StateOf::any) {
    const auto saved = saved_state(*at);
    if (!saved) return saved.error();
    context.answers = *saved;
    context.state = fmt::format("at-{}", *at);
    return {};
  }
  if (!answers_) return not_yet();
  context.answers = &*answers_;
  context.state = events_.id(answers_->state().number);
  return {};
}

tl::expected<Answers*, Reply> Site::saved_state(std::string_view id) {
  if (!archive_) return tl::unexpected(error_reply(404, kNoHistory));
  const auto saved = archive_->at(id);
  if (!saved) return tl::unexpected(error_of(404, saved.error()));
  return *saved;
}

void Site::finish(const Call& call, Reply& reply) const {
  Headers& headers = reply.headers;
  headers.emplace_back("Cache-Control", "no-store");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (!reply.document || !reply.document->is_long()) return;
  headers.emplace_back("Vary", "Accept-Encoding");
  reply.encoding = choose_encoding(call.accept_encoding);
}

bool Site::is_crowded() {
  std::erase_if(past_, [](const auto& document) { return document.expired(); });
  std::size_t held = 0;
  for (const auto& each : past_)
    if (const auto document = each.lock()) held += document->size();
  return held > options_.most_held;
}

// What the newest state has made is given out whatever is held: that costs nothing more.
Reply Site::whole(const Context& context, DocumentPtr (Answers::*document)(bool may_make)) {
  Reply reply;
  const std::string etag = fmt::format("W/\"{}\"", context.state);
  reply.headers = {{"ETag", etag}};
  if (lists(context.call.if_none_match, etag)) {
    reply.status = 304;
    return reply;
  }
  reply.document = (context.answers->*document)(false);
  if (reply.document) return reply;
  if (is_crowded()) return later("too many are still receiving states that were", "5");
  reply.document = (context.answers->*document)(true);
  const bool newest = answers_ && context.answers == &*answers_;
  (newest ? given_ : past_).push_back(reply.document);
  return reply;
}

// --- the answers, in the order of the table ----------------------------------------------------

Reply Site::page(const Context& context) {
  return {.document = context.site.page_,
          .headers = {{"Content-Security-Policy", context.site.page_policy_},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"X-Frame-Options", "DENY"}}};
}

Reply Site::health(const Context& context) {
  if (!context.site.answers_) return not_yet();
  return {.document = json_document("{\"status\":\"ok\"}\n")};
}

Reply Site::metrics(const Context& context) {
  std::string text(context.answers->metrics());
  text += own_metrics(context.site.counts_);
  return {.document = std::make_shared<const Document>(kMetrics, std::move(text))};
}

Reply Site::openapi(const Context& context) { return {.document = context.site.openapi_}; }

Reply Site::snapshot(const Context& context) {
  return context.site.whole(context, &Answers::snapshot);
}

Reply Site::namespaces(const Context& context) {
  return context.site.whole(context, &Answers::namespaces);
}

Reply Site::one_namespace(const Context& context) {
  const live::State& state = context.answers->state();
  const std::string name = spelling_of(context.name);
  const auto found = analyze::find_namespaces(state.index, state.titles, name, {});
  if (found.size() == 1) return {.document = context.answers->one_namespace(*found.front())};
  const auto why = analyze::find_namespace(state.index, state.titles, name, {});
  return found.empty() ? error_of(404, why.error()) : ambiguous(state, found, line(why.error()));
}

Reply Site::whois(const Context& context) {
  const auto thing = context.target.parameter("q");
  if (!thing || thing->empty()) return error_reply(400, "whois wants a thing: ?q=THING");
  const auto answer = context.answers->whois(*thing);
  if (!answer) return error_of(400, answer.error());
  return {.document = *answer};
}

Reply Site::graph(const Context& context) { return context.site.whole(context, &Answers::graph); }

// From a saved state to the one that is asked.
Reply Site::diff(const Context& context) {
  const auto before = context.target.parameter("before");
  if (!before) return error_reply(400, "diff wants a saved state: ?before=ID");
  // Held while the other is looked up.
  const live::StatePtr after = context.answers->shared_state();
  const auto saved = context.site.saved_state(*before);
  if (!saved) return saved.error();
  const live::State& from = (*saved)->state();
  std::string out;
  codec::append_json(out, analyze::diff({from.index, from.titles}, {after->index, after->titles}));
  return {.document = json_document(out + "\n")};
}

Reply Site::history(const Context& context) {
  if (!context.site.archive_) return error_reply(404, kNoHistory);
  const auto list = context.site.archive_->list();
  return list ? Reply{.document = *list} : error_of(500, list.error());
}

Reply Site::events(const Context& context) {
  if (context.site.counts_.streams >= context.site.options_.most_streams)
    return later("too many follow already", "10");
  return {.document = std::make_shared<const Document>("text/event-stream", ""),
          .headers = {{"X-Accel-Buffering", "no"}},  // nginx holds streams back otherwise
          .events_after = context.site.events_.resume(context.call.last_event_id)};
}

Reply error_reply(unsigned status, std::string_view text) {
  std::string out = "{\"error\":\"";
  append_json_text(out, text);
  return {.status = status, .document = json_document(out + "\"}\n")};
}

}  // namespace nsmap::serve
