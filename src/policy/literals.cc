#include "policy/literals.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace allocd {
namespace {

using Texts = std::vector<std::string>;  // sorted, different

// Beyond these, texts are not told apart any more.
constexpr std::size_t kMaxTexts = 32;
constexpr std::size_t kMaxChoices = 256;  // of alternatives that are written out
constexpr std::size_t kMaxLength = 64;
constexpr std::size_t kMaxCharacters = 4;
constexpr std::size_t kMaxCopies = 8;
constexpr std::size_t kMaxInner = 8;

// What is known of the texts that a part of a pattern matches.
struct Known {
  bool exact = false;         // `start` is all of them, and so is `end`
  Texts start;                // each begins with one of these
  Texts end;                  // each ends with one of these
  std::vector<Texts> inside;  // each has one of these, for every one of the lists
};

std::size_t shortest(const Texts& texts) {
  std::size_t out = kMaxLength;
  for (const std::string& text : texts) out = std::min(out, text.size());
  return out;
}

Texts tidy(Texts texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

Texts either(const Texts& a, const Texts& b) {
  Texts out = a;
  out.insert(out.end(), b.begin(), b.end());
  return tidy(std::move(out));
}

// One of `a` with one of `b` behind it; nothing where they are too many or too long.
std::optional<Texts> joined(const Texts& a, const Texts& b) {
  const bool longer = b.size() > 1 || !b.front().empty();
  if (a.size() * b.size() > std::max(kMaxTexts, std::max(a.size(), b.size()))) return std::nullopt;
  Texts out;
  for (const std::string& first : a) {
    for (const std::string& second : b) {
      if (longer && first.size() + second.size() > kMaxLength) return std::nullopt;
      out.push_back(first + second);
    }
  }
  return tidy(std::move(out));
}

// The longest are kept where there are many.
void add_inside(Known& known, const Texts& texts) {
  if (texts.empty() || shortest(texts) == 0) return;
  if (std::find(known.inside.begin(), known.inside.end(), texts) != known.inside.end()) return;
  known.inside.push_back(texts);
  if (known.inside.size() <= kMaxInner) return;
  known.inside.erase(
      std::min_element(known.inside.begin(), known.inside.end(),
                       [](const Texts& a, const Texts& b) { return shortest(a) < shortest(b); }));
}

Known exactly(Texts texts) { return {true, texts, texts, {}}; }

Known anything() { return {false, {""}, {""}, {}}; }

Known then(const Known& a, const Known& b) {
  // Where the one ends and the other begins, literals of both stand side by side.
  const std::optional<Texts> seam = joined(a.end, b.start);
  if (a.exact && b.exact && seam) return exactly(*seam);
  Known out;
  for (const Known* part : {&a, &b})
    for (const Texts& texts : part->inside) add_inside(out, texts);
  out.start = a.start;
  out.end = b.end;
  if (seam) {
    if (a.exact) out.start = *seam;
    if (b.exact) out.end = *seam;
    if (!a.exact && !b.exact) add_inside(out, *seam);
  } else {
    if (!a.exact) add_inside(out, a.end);
    if (!b.exact) add_inside(out, b.start);
  }
  return out;
}

// The list that says most of those that hold for every text.
Texts best_inside(const Known& known) {
  Texts best;
  const auto consider = [&best](const Texts& texts) {
    if (shortest(texts) > (best.empty() ? 0 : shortest(best))) best = texts;
  };
  consider(known.start);
  consider(known.end);
  for (const Texts& texts : known.inside) consider(texts);
  return best;
}

Known one_of(const std::vector<Known>& parts) {
  Known out;
  Texts inside;
  bool all_exact = true;
  bool all_inside = true;
  for (const Known& part : parts) {
    all_exact = all_exact && part.exact;
    out.start.insert(out.start.end(), part.start.begin(), part.start.end());
    out.end.insert(out.end.end(), part.end.begin(), part.end.end());
    const Texts best = best_inside(part);
    all_inside = all_inside && !best.empty();
    inside.insert(inside.end(), best.begin(), best.end());
  }
  out.start = tidy(std::move(out.start));
  out.end = tidy(std::move(out.end));
  if (all_exact && out.start.size() <= kMaxChoices) return exactly(out.start);
  for (Texts* texts : {&out.start, &out.end})
    if (texts->size() > kMaxTexts) *texts = {""};
  inside = tidy(std::move(inside));
  if (all_inside && inside.size() <= kMaxChoices) add_inside(out, inside);
  return out;
}

Known repeated(const Known& part, std::size_t least, std::size_t most) {
  if (least == 0 && most == 1 && part.exact) return exactly(either({""}, part.start));
  if (least == 0) return anything();
  Known out = part;
  for (std::size_t copy = 1; copy < std::min(least, kMaxCopies); ++copy) out = then(out, part);
  if (least == most && least <= kMaxCopies) return out;
  // Copies that may or may not follow: the first and the last ones stay where they are.
  out.exact = false;
  return out;
}

// The character that a part always is, where it is a certain one.
std::optional<char> certain(const PatternNode& node) {
  if (node.kind != PatternNode::Kind::OneOf || node.characters.count() != 1) return std::nullopt;
  char out = 0;
  while (!node.characters[static_cast<std::size_t>(out)]) ++out;
  return out;
}

Known known_of(const PatternNode& node);

Known known_of_sequence(const std::vector<PatternNode>& parts) {
  Known out = exactly({""});
  std::string run;  // of certain characters, taken together to save time
  const auto end_run = [&] {
    if (!run.empty()) out = then(out, exactly({run}));
    run.clear();
  };
  for (const PatternNode& part : parts) {
    if (const auto c = certain(part)) {
      run += *c;
      if (run.size() == kMaxLength) end_run();
    } else {
      end_run();
      out = then(out, known_of(part));
    }
  }
  end_run();
  return out;
}

Known known_of(const PatternNode& node) {
  switch (node.kind) {
    case PatternNode::Kind::Empty: return exactly({""});
    case PatternNode::Kind::AnyCharacter: return anything();
    case PatternNode::Kind::OneOf: {
      if (node.characters.none() || node.characters.count() > kMaxCharacters) return anything();
      Texts out;
      for (std::size_t c = 0; c < node.characters.size(); ++c)
        if (node.characters[c]) out.emplace_back(1, static_cast<char>(c));
      return exactly(std::move(out));
    }
    case PatternNode::Kind::Sequence: return known_of_sequence(node.parts);
    case PatternNode::Kind::Choice: {
      std::vector<Known> parts;
      for (const PatternNode& part : node.parts) parts.push_back(known_of(part));
      return one_of(parts);
    }
    case PatternNode::Kind::Repeat:
      return repeated(known_of(node.parts.front()), node.least, node.most);
  }
  return anything();
}

}  // namespace

std::vector<Literals> needed_literals(const PatternNode& pattern, bool whole) {
  const Known known = known_of(pattern);
  std::vector<Literals> out;
  using Place = Literals::Place;
  const auto add = [&](Place place, const Texts& texts) {
    if (!texts.empty() && (place == Place::Whole || shortest(texts) > 0))
      out.push_back({whole ? place : Place::Anywhere, texts});
  };
  if (known.exact) {
    if (whole || shortest(known.start) > 0) add(Place::Whole, known.start);
    return out;
  }
  add(Place::Start, known.start);
  add(Place::End, known.end);
  for (const Texts& texts : known.inside) add(Place::Anywhere, texts);
  return out;
}

}  // namespace allocd
