#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "anonymise/addresses.h"

namespace nsmap::anonymise {

// Stands in for what people wrote: names, paths, command lines.
//
// A text is taken apart into words and what is between them, which stays. Each word is replaced by
// itself, so that it becomes the same in whatever text it stands: the container of a cgroup's path,
// the pod of a container's name, the interface of a route and of a message. Addresses and MACs in a
// text become what they become elsewhere. An id of twelve hexadecimal digits or more keeps the
// prefixes it has in common with others, so that a shortened id is still one; words that say what
// kind of thing it is (kWords in texts.cc), numbers and the number at a word's end stay.
class Texts {
 public:
  Texts(const Key& key, Addresses& addresses) : key_(key), addresses_(addresses) {}

  std::string of(std::string_view text);
  // The same, of what may be named in messages.
  std::string of_name(std::string_view name);
  // One that nsmap itself wrote: of plain words just those are replaced that were in names before,
  // or that stand in a path.
  std::string of_message(std::string_view text);
  // Of a table, chain, set or ipset's member. What programs that write rules call them by stays, so
  // that it is told who wrote them.
  std::string of_rule(std::string_view name);
  // That of such a program keeps its own words; any other is replaced as a whole.
  std::string of_comment(std::string_view comment);
  // "--seconds 60 --name ssh": names of options stay, words among their values go.
  std::string of_options(std::string_view options);
  // "net.ipv4.conf.NAME.forwarding".
  std::string of_sysctl(std::string_view name);
  // "8000.0242ac110001", a bridge's priority and MAC.
  std::string of_bridge_id(std::string_view id);
  // Sixteen hexadecimal digits: a MAC and a port (IEEE 802.1AE).
  std::string of_sci(std::string_view sci);

 private:
  // What stands at the beginning of `rest`, and what becomes of it; nothing: `size` is 0.
  struct Found {
    std::size_t size = 0;
    std::string text;
  };
  enum class In { name, text, message, rule };

  Found address_at(std::string_view rest);
  Found dashed_at(std::string_view rest);
  Found uuid_at(std::string_view rest);
  Found word_at(std::string_view rest, In in);
  std::string replace(std::string_view text, In in);

  std::string word(std::string_view word, In in);
  std::string hex(std::string_view digits);
  std::string mac_digits(std::string_view digits);
  const std::string& stand_in(std::string_view word);

  const Key key_;
  Addresses& addresses_;
  std::unordered_map<std::string, std::string> stand_ins_;
  std::unordered_set<std::string> taken_;
  std::unordered_set<std::string> in_names_;  // words
  std::unordered_map<std::string, std::string> hex_;
};

}  // namespace nsmap::anonymise
