#include "rulefile/tree_builder.h"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>
#include <variant>

#include "rulefile/core_schema.h"

namespace allocd {
namespace {

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";
constexpr std::size_t kFewKeys = 16;  // up to here a look at each is faster than a table

// The core schema's name in a tag, `str` or `map`; empty for every other tag.
std::string_view core_type(std::string_view tag) {
  if (!tag.starts_with(kCoreTag)) return {};
  tag.remove_prefix(kCoreTag.size());
  for (const std::string_view known : {"str", "int", "float", "bool", "null", "map", "seq"})
    if (tag == known) return known;
  return {};
}

}  // namespace

TreeBuilder::TreeBuilder(const SourceFile& file, std::string_view text, Diagnostics& diagnostics,
                         const YamlLimits& limits)
    : file_(&file), text_(text), diagnostics_(&diagnostics), limits_(limits) {}

SourceRange TreeBuilder::range(Span span) const {
  const std::size_t end = std::min(span.end, text_.size());
  return {file_, static_cast<std::uint32_t>(std::min(span.begin, end)),
          static_cast<std::uint32_t>(end)};
}

void TreeBuilder::refuse(Span place, std::string_view code, std::string message, std::string help) {
  diagnostics_->error(range(place), code, std::move(message), std::move(help));
  usable_ = false;
}

void TreeBuilder::stop(Span place, std::string_view code, std::string message, std::string help) {
  refuse(place, code, std::move(message), std::move(help));
  throw Stop{};
}

bool TreeBuilder::wants_key() const {
  return !frames_.empty() && frames_.back().is_map && !frames_.back().key;
}

bool TreeBuilder::is_lost() const {
  return !frames_.empty() && (frames_.back().lost || frames_.back().drop || wants_key());
}

std::optional<std::size_t> TreeBuilder::open_bracket() const {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    // What the parser says of a file that ends too early can lie at its end.
    const std::string_view here = text_.substr(std::min(frame->place.begin, text_.size()));
    if (frame->flow && (here.starts_with('[') || here.starts_with('{'))) return frame->place.begin;
  }
  return std::nullopt;
}

// The parser's mark of a value that is not there is that of whatever follows, often on another
// line: the key or the dash is what the author knows it by.
Span TreeBuilder::empty_place(std::size_t mark, bool anchored) {
  if (anchored) return skip_properties(text_, mark).all;
  if (frames_.empty()) return {};
  const Frame& frame = frames_.back();
  if (frame.is_map) return {frame.key->range.begin, frame.key->range.end};
  if (frame.flow) return {mark, mark + 1};
  const std::size_t dash = skip_space(text_, cursor_);
  if (dash < text_.size() && text_[dash] == '-') cursor_ = dash + 1;
  return {dash, dash + 1};
}

void TreeBuilder::null(std::size_t mark, std::size_t anchor) {
  const std::size_t content = skip_properties(text_, mark).content;
  const std::string_view rest = text_.substr(std::min(content, text_.size()));
  std::size_t length = 0;
  for (const std::string_view word : {"~", "null", "Null", "NULL"})
    if (rest.starts_with(word)) length = word.size();
  // `null` may also be the next key, whose mark an absent value has.
  if (length > 0 && !wants_key()) {
    const std::size_t next = rest.find_first_not_of(" \t", length);
    if (next != std::string_view::npos && rest[next] == ':') length = 0;
  }
  if (wants_key() && length == 0) {
    drop_key({mark, mark + 1}, "a key is missing here",
             "a key that is an empty text is written `\"\"`");
    return;
  }
  if (length == 0 && anchor == 0) check_colon();
  const Span place = length > 0 ? Span{content, content + length} : empty_place(mark, anchor != 0);
  if (length > 0) cursor_ = place.end;
  LocatedValue value;
  value.range = range(place);
  value.plain = length > 0;
  if (!wants_key()) return place_value(std::move(value), anchor);
  if (anchor != 0) remember_scalar(anchor, value);
  take_key(std::string(rest.substr(0, length)), place);
}

// A word in the last line of a block map passes with the parser for a key without a value.
void TreeBuilder::check_colon() {
  if (frames_.empty() || !frames_.back().is_map || frames_.back().flow || frames_.back().drop)
    return;
  const SourceRange key = frames_.back().key->range;
  if (skip_space(text_, key.end) < text_.size()) return;
  const std::size_t line = file_->line_start(key.begin);
  const std::size_t first = text_.find_first_not_of(" \t-", line);
  if (first != std::string_view::npos && text_[first] == '?') return;
  refuse({key.begin, key.end}, "yaml-syntax", in_backticks(key.text()) + " has no colon",
         "a key is followed by `:` and its value");
}

// What stands where a key belongs is no key: it goes, and so does its value.
void TreeBuilder::drop_key(Span place, std::string message, std::string help) {
  diagnostics_->error(range(place), "key-not-text", std::move(message), std::move(help));
  frames_.back().key = Located<std::string>{};
  frames_.back().drop = true;
}

LocatedValue TreeBuilder::typed(std::string_view tag, const std::string& value, Span place,
                                Span tag_place) {
  LocatedValue out;
  out.range = range(place);
  if (tag == "!" || tag == "tag:yaml.org,2002:str") {
    out.value = value;
    return out;
  }
  if (tag == "?") out.plain = true;
  const std::string_view type = tag == "?" ? "?" : core_type(tag);
  const std::string written =
      std::string(text_.substr(tag_place.begin, tag_place.end - tag_place.begin));
  if (type.empty()) {
    refuse(tag_place, "unknown-tag", "unknown tag " + in_backticks(written),
           "a text that begins with `!` wants quotes");
    return out;
  }
  bool in_range = true;
  std::visit(
      [&](auto&& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, NumberOutOfRange>) {
          in_range = false;
          refuse(place, "number-range",
                 "number " + in_backticks(value) + ' ' + std::string(v.reason),
                 "as a text it wants quotes");
        } else {
          out.value = std::forward<decltype(v)>(v);
        }
      },
      core_scalar(value));
  if (type == "float" && out.is_number()) {
    if (const auto* number = std::get_if<std::int64_t>(&out.value))
      out.value = static_cast<double>(*number);
    else if (const auto* large = std::get_if<std::uint64_t>(&out.value))
      out.value = static_cast<double>(*large);
  }
  const bool fits = type == "?" || (type == "null" && out.is_null()) ||
                    (type == "bool" && out.is_bool()) || (type == "float" && out.is_number()) ||
                    (type == "int" && out.is_number() && out.value.index() != 4);
  if (!fits && in_range)
    refuse(place, "tag-mismatch",
           in_backticks(value) + " is not what its tag " + in_backticks(written) + " says");
  return out;
}

void TreeBuilder::scalar(std::size_t mark, std::string_view tag, std::size_t anchor,
                         const std::string& value) {
  const Properties properties = skip_properties(text_, mark);
  const std::size_t begin = properties.content;
  const char first = begin < text_.size() ? text_[begin] : '\0';
  const bool in_flow = !frames_.empty() && frames_.back().flow;
  const bool quotes = first == '"' || first == '\'';
  Span place{begin, begin};
  if (quotes) {
    place.end = quoted_end(text_, begin);
    if (place.end == std::string_view::npos)
      stop({begin, begin + 1}, "unterminated-quote", "this quote is never closed",
           "close it with " + in_backticks(std::string(1, first)) + " where the text ends");
    if (text_.substr(begin, place.end - begin).find_first_of("\r\n") != std::string_view::npos)
      last_long_quote_ = place;
  } else if (!in_flow && (first == '|' || first == '>')) {
    place.end = block_scalar_end(text_, begin, value);
  } else if (value.empty()) {
    place = properties.all;
  } else {
    place.end = plain_end(text_, begin, value);
  }
  cursor_ = std::max(place.end, properties.all.end);
  if (!wants_key()) return place_value(typed(tag, value, place, properties.tag), anchor);

  if (tag != "?" && tag != "!" && core_type(tag).empty()) typed(tag, value, place, properties.tag);
  if (tag == "?" && value == "<<") {
    refuse(place, "merge-key", "YAML 1.2 has no merge keys",
           "write the members out; an alias can only stand for a whole value: `key: *name`");
    frames_.back().key = Located<std::string>{value, range(place)};
    frames_.back().drop = true;
    return;
  }
  if (anchor != 0) {
    LocatedValue copy;
    copy.value = value;
    copy.range = range(place);
    remember_scalar(anchor, std::move(copy));
  }
  take_key(value, place);
}

void TreeBuilder::begin_list(std::size_t mark, std::string_view tag, std::size_t anchor,
                             bool flow) {
  begin(false, mark, tag, anchor, flow);
}

void TreeBuilder::begin_map(std::size_t mark, std::string_view tag, std::size_t anchor, bool flow) {
  begin(true, mark, tag, anchor, flow);
}

void TreeBuilder::begin(bool is_map, std::size_t mark, std::string_view tag, std::size_t anchor,
                        bool flow) {
  const Properties properties = skip_properties(text_, mark);
  const std::size_t begin = std::min(properties.content, text_.size());
  const Span place{begin, begin + 1};
  if (frames_.size() >= limits_.depth)
    stop(place, "too-deep",
         "lists and maps are nested more than " + std::to_string(limits_.depth) + " deep");
  if (tag != "?" && tag != "!") {
    const std::string_view type = core_type(tag);
    const std::string written(
        text_.substr(properties.tag.begin, properties.tag.end - properties.tag.begin));
    if (type.empty())
      refuse(properties.tag, "unknown-tag", "unknown tag " + in_backticks(written),
             "a text that begins with `!` wants quotes");
    else if (type != (is_map ? "map" : "seq"))
      refuse(properties.tag, "tag-mismatch",
             std::string(is_map ? "a map" : "a list") + " is not what its tag " +
                 in_backticks(written) + " says");
  }
  if (anchor != 0) {
    Anchor& known = remember(anchor, place);
    known.lost = is_lost();
    known.path_begin = paths_.size();
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const std::size_t next = i + 1 < frames_.size() ? frames_[i + 1].first : pending_.size();
      paths_.push_back(static_cast<std::uint32_t>(next - frames_[i].first));
    }
    known.path_size = frames_.size();
  }
  Frame frame;
  frame.is_map = is_map;
  frame.flow = flow || (!frames_.empty() && frames_.back().flow);
  frame.lost = is_lost();
  frame.is_key = wants_key();
  frame.place = place;
  frame.first = pending_.size();
  frames_.push_back(std::move(frame));
  const bool bracket = flow && begin < text_.size() && (text_[begin] == '[' || text_[begin] == '{');
  cursor_ = std::max(cursor_, bracket ? begin + 1 : begin);
}

void TreeBuilder::end() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.flow && frame.place.begin < text_.size()) {
    const char open = text_[frame.place.begin];
    const char close = open == '[' ? ']' : open == '{' ? '}' : '\0';
    if (close == '\0') {
      frame.place.end = std::max(frame.place.end, cursor_);  // `a: b` as an item of `[..]`
    } else {
      std::size_t at = skip_space(text_, cursor_);
      while (at < text_.size() && std::string_view(",:?").find(text_[at]) != std::string_view::npos)
        at = skip_space(text_, at + 1);
      // Where the bracket is not found the gap is not looked at again, to stay linear.
      cursor_ = at;
      if (at < text_.size() && text_[at] == close) frame.place.end = cursor_ = at + 1;
    }
  }
  LocatedValue value;
  value.range = range(frame.place);
  const auto first = pending_.begin() + static_cast<std::ptrdiff_t>(frame.first);
  if (frame.is_map) {
    value.value = LocatedValue::Map(std::move_iterator(first), std::move_iterator(pending_.end()));
  } else {
    LocatedValue::List list;
    list.reserve(pending_.size() - frame.first);
    for (auto item = first; item != pending_.end(); ++item) list.push_back(std::move(item->value));
    value.value = std::move(list);
  }
  pending_.erase(first, pending_.end());
  if (!frame.is_key) return place_value(std::move(value), 0);
  drop_key(frame.place,
           std::string("a key must be a text, not ") + (frame.is_map ? "a map" : "a list"));
}

void TreeBuilder::place_value(LocatedValue value, std::size_t anchor) {
  if (anchor != 0) remember_scalar(anchor, value);
  if (frames_.empty()) {
    root_ = std::move(value);
    return;
  }
  Frame& frame = frames_.back();
  if (!frame.is_map) {
    pending_.push_back({{}, std::move(value)});
    return;
  }
  if (!frame.drop) pending_.push_back({std::move(*frame.key), std::move(value)});
  frame.key.reset();
  frame.drop = false;
}

// Where `key` stands in the map already.
std::optional<std::size_t> TreeBuilder::first_use(Frame& frame, const std::string& key) {
  const auto members = pending_.begin() + static_cast<std::ptrdiff_t>(frame.first);
  const std::size_t size = pending_.size() - frame.first;
  if (!frame.seen && size <= kFewKeys) {
    const auto same = std::find_if(members, pending_.end(),
                                   [&](const LocatedMember& m) { return m.key.value == key; });
    if (same == pending_.end()) return std::nullopt;
    return same->key.range.begin;
  }
  if (!frame.seen) {
    frame.seen = std::make_unique<std::unordered_map<std::string, std::size_t>>();
    for (auto m = members; m != pending_.end(); ++m)
      frame.seen->emplace(m->key.value, m->key.range.begin);
  }
  const auto found = frame.seen->find(key);
  return found == frame.seen->end() ? std::nullopt : std::optional(found->second);
}

void TreeBuilder::take_key(std::string text, Span place) {
  Frame& frame = frames_.back();
  const SourceRange where = range(place);
  if (const std::optional<std::size_t> first = first_use(frame, text)) {
    diagnostics_->error(
        where, "duplicate-key", "key " + in_backticks(text) + " stands twice in this map",
        "it is first in line " + std::to_string(file_->position(file_->line_start(*first)).line));
    frame.drop = true;
  } else if (frame.seen) {
    frame.seen->emplace(text, where.begin);
  }
  frame.key = Located<std::string>{std::move(text), where};
}

std::optional<LocatedValue> TreeBuilder::take() {
  if (!usable_) return std::nullopt;
  return root_ ? std::move(root_) : LocatedValue{{}, range({0, 0}), false};
}

}  // namespace allocd
