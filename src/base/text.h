#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nsmap {

// Text from outside (interface names, command lines, container labels) is made valid UTF-8 once,
// where it is read: a byte that is not part of a well-formed sequence (RFC 3629) becomes the four
// characters \xNN, and what is over `limit` bytes is cut at a character and ends in "…". Control
// characters stay: how they are shown is the business of where they are shown.
std::string clean_text(std::string_view bytes, std::size_t limit = 4096);

// Text for a terminal: control characters (C0, DEL, C1), line and paragraph separators and the
// bidirectional overrides become \xNN or \u{NNNN}, so that nothing shown can move the cursor,
// change a colour or reorder a line.
std::string terminal_text(std::string_view text);

// Text for a quoted JSON string (RFC 8259), without the quotes, appended to `out`.
void append_json_text(std::string& out, std::string_view text);

// Text for HTML and SVG content and attribute values: & < > " ' as entities, characters that
// XML 1.0 forbids as \xNN.
std::string xml_text(std::string_view text);

// Text for a double-quoted DOT string, without the quotes: no escString sequence survives.
std::string dot_text(std::string_view text);

// A word of iptables-restore's input: quoted, with \ before " \ ' in it, where it is more than
// letters, digits, _ and -.
std::string iptables_text(std::string_view text);

// How many terminal columns the text takes: wide East Asian characters two, combining marks none.
std::size_t display_width(std::string_view text);

}  // namespace nsmap
