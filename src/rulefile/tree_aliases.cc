// The part of TreeBuilder that knows what anchors mark, and puts it where aliases stand.
#include <algorithm>
#include <utility>

#include "rulefile/tree_builder.h"

namespace allocd {
namespace {

// A text costs an alias as much as one value for each so many bytes, so that aliases to long texts
// are bounded too.
constexpr std::size_t kTextBytesPerNode = 256;

}  // namespace

TreeBuilder::Anchor& TreeBuilder::remember(std::size_t anchor, Span place) {
  // An author has a handful; without a bound they could take more room than the tree.
  if (anchor > limits_.alias_nodes)
    stop(place, "too-many-aliases",
         "the file has more than " + std::to_string(limits_.alias_nodes) + " anchors");
  if (anchors_.size() < anchor) anchors_.resize(anchor);
  return anchors_[anchor - 1];
}

void TreeBuilder::remember_scalar(std::size_t anchor, LocatedValue value) {
  Anchor& known = remember(anchor, {value.range.begin, value.range.end});
  known.scalar = std::move(value);
  known.lost = false;
}

// Steps down from the root, through frames that are open and then through what is complete.
// Null pointer where the container itself is open: then it would hold itself.
const LocatedValue* TreeBuilder::find_container(const Anchor& anchor) const {
  const LocatedValue* node = nullptr;
  std::size_t level = 0;
  for (std::size_t i = 0; i < anchor.path_size; ++i) {
    const std::size_t step = paths_[anchor.path_begin + i];
    if (node != nullptr) {
      node = node->is_list() ? &node->list()[step] : &node->map()[step].value;
    } else if (level + 1 < frames_.size() &&
               step == frames_[level + 1].first - frames_[level].first) {
      ++level;
    } else {
      node = &pending_[frames_[level].first + step].value;
    }
  }
  return node;
}

void TreeBuilder::count(const LocatedValue& value, std::size_t depth, Span place) {
  alias_nodes_ += 1 + (value.is_text() ? value.text().size() / kTextBytesPerNode : 0);
  if (alias_nodes_ > limits_.alias_nodes)
    stop(place, "too-many-aliases",
         "aliases add more than " + std::to_string(limits_.alias_nodes) + " values to the file");
  if (!value.is_list() && !value.is_map()) return;
  if (depth >= limits_.depth)
    stop(place, "too-deep",
         "with this alias, lists and maps are nested more than " + std::to_string(limits_.depth) +
             " deep");
  if (value.is_list()) {
    for (const LocatedValue& item : value.list()) count(item, depth + 1, place);
  } else {
    for (const LocatedMember& member : value.map()) count(member.value, depth + 1, place);
  }
}

void TreeBuilder::alias(std::size_t mark, std::size_t id) {
  Span place{mark, std::min(text_.find_first_of(" \t\r\n,[]{}", mark), text_.size())};
  cursor_ = place.end;
  const Anchor& anchor = remember(id, place);
  const std::string name(text_.substr(mark, place.end - mark));
  const LocatedValue* node = anchor.scalar ? &*anchor.scalar : nullptr;
  if (!anchor.scalar && !anchor.lost) {
    node = find_container(anchor);
    if (node == nullptr)
      stop(place, "alias-cycle", in_backticks(name) + " stands inside the value that it refers to");
  }
  // What it refers to is reported as a mistake already.
  if (anchor.lost) usable_ = false;
  if (node != nullptr) count(*node, frames_.size(), place);
  if (wants_key()) {
    if (node != nullptr && (node->is_scalar() || node->is_null()))
      return take_key(node->is_text() ? node->text() : std::string(node->range.text()), place);
    return drop_key(place, "a key must be a text, which " + in_backticks(name) + " is not");
  }
  LocatedValue value;
  if (node != nullptr) value = *node;
  value.range = range(place);
  place_value(std::move(value), 0);
}

}  // namespace allocd
