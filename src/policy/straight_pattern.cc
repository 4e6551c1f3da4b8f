#include "policy/straight_pattern.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/letter_case.h"

namespace allocd {
namespace {

using Kind = PatternNode::Kind;

bool is_character(const PatternNode& node) {
  return node.exact && node.group.empty() &&
         (node.kind == Kind::OneOf || node.kind == Kind::AnyCharacter);
}

// The character, where it is a certain one.
std::optional<char> certain(const PatternNode& node) {
  if (!is_character(node) || node.kind != Kind::OneOf || node.characters.count() != 1)
    return std::nullopt;
  std::size_t c = 0;
  while (!node.characters[c]) ++c;
  return static_cast<char>(c);
}

// The text, where it is a certain one.
std::optional<std::string> certain_text(const PatternNode& node) {
  std::string out;
  if (node.kind != Kind::Sequence || !node.exact || !node.group.empty()) return std::nullopt;
  for (const PatternNode& part : node.parts) {
    const auto c = certain(part);
    if (!c) return std::nullopt;
    out += *c;
  }
  return out;
}

}  // namespace

// Lays a pattern out as steps.
class StraightPattern::Builder {
 public:
  explicit Builder(bool ignore_case) { out_.ignore_case_ = ignore_case; }

  std::optional<StraightPattern> build(const PatternNode& pattern) {
    if (!add(pattern) || out_.steps_.size() > kMaxSteps) return std::nullopt;
    if (out_.texts_.size() > kMaxBytes || out_.sets_.size() > kMaxSteps) return std::nullopt;
    if (!settle()) return std::nullopt;
    out_.steps_.shrink_to_fit();
    out_.texts_.shrink_to_fit();
    out_.sets_.shrink_to_fit();
    out_.groups_.shrink_to_fit();
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kMaxBytes = 4096;

  bool add(const PatternNode& node) {
    if (!node.exact) return false;
    if (node.group.empty()) return add_inside(node);
    const std::size_t group = out_.groups_.size();
    out_.groups_.push_back({here(), 0});
    if (!add_inside(node)) return false;
    out_.groups_[group].end = here();
    return true;
  }

  bool add_inside(const PatternNode& node) {
    switch (node.kind) {
      case Kind::Empty: return true;
      case Kind::OneOf:
      case Kind::AnyCharacter: return add_several(node.characters, 1, 1);
      case Kind::Sequence: return add_sequence(node.parts);
      case Kind::Choice: return add_choice(node.parts);
      case Kind::Repeat: return add_repeat(node);
    }
    return false;
  }

  bool add_sequence(const std::vector<PatternNode>& parts) {
    std::string run;
    for (const PatternNode& part : parts) {
      if (const auto c = certain(part)) {
        run += *c;
        continue;
      }
      add_text(std::exchange(run, ""));
      if (!add(part)) return false;
    }
    add_text(run);
    return true;
  }

  void add_text(const std::string& text) {
    if (text.empty()) return;
    Step step{.kind = Step::Kind::Text};
    step.first = static_cast<std::uint16_t>(std::min<std::size_t>(out_.texts_.size(), kMaxBytes));
    step.count = static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), kMaxBytes));
    out_.texts_ += text;
    out_.steps_.push_back(step);
  }

  // Texts that their first characters tell apart.
  bool add_choice(const std::vector<PatternNode>& parts) {
    Step step{.kind = Step::Kind::Choice, .count = static_cast<std::uint16_t>(parts.size())};
    step.first = static_cast<std::uint16_t>(std::min<std::size_t>(out_.texts_.size(), kMaxBytes));
    Characters first;
    for (const PatternNode& part : parts) {
      const auto text = certain_text(part);
      if (!text || text->empty() || text->size() > kMaxChoice) return false;
      const auto c = static_cast<std::size_t>(text->front());
      if (first[c]) return false;
      first.set(c);
      out_.texts_ += static_cast<char>(text->size());
      out_.texts_ += *text;
    }
    out_.steps_.push_back(step);
    return true;
  }
  static constexpr std::size_t kMaxChoice = 127;

  bool add_repeat(const PatternNode& node) {
    const PatternNode& part = node.parts.front();
    // A class in a group without a name may be repeated, too.
    const PatternNode& repeated =
        part.kind == Kind::Sequence && part.exact && part.group.empty() && part.parts.size() == 1
            ? part.parts.front()
            : part;
    return is_character(repeated) && add_several(repeated.characters, node.least, node.most);
  }

  bool add_several(const Characters& characters, std::size_t least, std::size_t most) {
    if (most == 0 || least >= kUnbounded) return false;
    if (most != PatternNode::kUnbounded && most >= kUnbounded) return false;
    Step step{.kind = Step::Kind::Several};
    if (out_.steps_.size() == kMaxSteps) return false;
    const auto known = std::find(out_.sets_.begin(), out_.sets_.end(), characters);
    step.first = static_cast<std::uint16_t>(known - out_.sets_.begin());
    if (known == out_.sets_.end()) out_.sets_.push_back(characters);
    step.least = static_cast<std::uint16_t>(least);
    step.most = most == PatternNode::kUnbounded ? kUnbounded : static_cast<std::uint16_t>(most);
    out_.steps_.push_back(step);
    return true;
  }

  std::uint16_t here() const {
    return static_cast<std::uint16_t>(std::min(out_.steps_.size(), kMaxSteps + 1));
  }

  // How many bytes a step takes, where it is always as many.
  std::optional<std::size_t> length(const Step& step) const {
    switch (step.kind) {
      case Step::Kind::Text: return step.count;
      case Step::Kind::Several:
        return step.least == step.most ? std::optional<std::size_t>(step.least) : std::nullopt;
      case Step::Kind::Choice: break;
    }
    const auto first = static_cast<std::size_t>(out_.texts_[step.first]);
    std::size_t at = step.first;
    for (std::size_t i = 0; i < step.count; ++i) {
      if (static_cast<std::size_t>(out_.texts_[at]) != first) return std::nullopt;
      at += 1 + first;
    }
    return first;
  }

  // What a step that takes anything begins with.
  Characters first_of(const Step& step) const {
    Characters out;
    std::size_t at = step.first;
    switch (step.kind) {
      case Step::Kind::Text: out.set(static_cast<std::size_t>(out_.texts_[at])); break;
      case Step::Kind::Several: out = out_.sets_[at]; break;
      case Step::Kind::Choice:
        for (std::size_t i = 0; i < step.count; ++i) {
          out.set(static_cast<std::size_t>(out_.texts_[at + 1]));
          at += 1 + static_cast<std::size_t>(out_.texts_[at]);
        }
        break;
    }
    return out;
  }

  // From the end on: where a step that takes more or fewer characters ends must be settled by how
  // many must be left, or by the next character, which it may not take itself. There is one way to
  // match then, and it does not matter which one RE2 would prefer.
  bool settle() {
    std::optional<std::size_t> behind = 0;
    Characters next;  // what may come behind the step
    for (auto step = out_.steps_.rbegin(); step != out_.steps_.rend(); ++step) {
      const auto own = length(*step);
      const Characters first = first_of(*step);
      if (!own && step->kind == Step::Kind::Several) {
        if (behind && *behind < kUnknown) {
          step->behind = static_cast<std::uint16_t>(*behind);
        } else if ((first & next).none()) {
          step->behind = kUnknown;
        } else {
          return false;
        }
      }
      behind = behind && own ? std::optional(*behind + *own) : std::nullopt;
      const bool may_be_empty = step->kind == Step::Kind::Several && step->least == 0;
      next = may_be_empty ? next | first : first;
    }
    return true;
  }

  StraightPattern out_;
};

std::optional<StraightPattern> StraightPattern::compile(std::string_view pattern,
                                                        bool ignore_case) {
  const auto parsed = parse_regex(pattern, ignore_case ? Letters::Folded : Letters::AsWritten);
  if (!parsed) return std::nullopt;
  return Builder(ignore_case).build(*parsed);
}

std::optional<std::size_t> StraightPattern::take_several(const Step& step,
                                                         std::string_view rest) const {
  const Characters& characters = sets_[step.first];
  const CaseFold& fold = ignore_case_ ? kLowerCase : kSameCase;
  const auto is_one = [&](char c) { return characters[static_cast<std::size_t>(fold.of(c))]; };
  if (step.least != step.most && step.behind == kUnknown) {
    rest = rest.substr(0, step.most == kUnbounded ? rest.size() : step.most);
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_one);
    const auto count = static_cast<std::size_t>(end - rest.begin());
    return count >= step.least ? std::optional(count) : std::nullopt;
  }
  std::size_t count = step.least;
  if (step.least != step.most) {
    if (rest.size() < step.behind) return std::nullopt;
    count = rest.size() - step.behind;
    if (count < step.least || (step.most != kUnbounded && count > step.most)) return std::nullopt;
  }
  if (rest.size() < count) return std::nullopt;
  rest = rest.substr(0, count);
  return std::all_of(rest.begin(), rest.end(), is_one) ? std::optional(count) : std::nullopt;
}

std::optional<std::size_t> StraightPattern::take(const Step& step, std::string_view rest) const {
  const CaseFold& fold = ignore_case_ ? kLowerCase : kSameCase;
  const auto begins_with = [&](std::string_view text) {
    return rest.size() >= text.size() &&
           std::equal(text.begin(), text.end(), rest.begin(),
                      [&](char known, char c) { return known == fold.of(c); });
  };
  const std::string_view texts = texts_;
  switch (step.kind) {
    case Step::Kind::Text:
      return begins_with(texts.substr(step.first, step.count))
                 ? std::optional<std::size_t>(step.count)
                 : std::nullopt;
    case Step::Kind::Several: return take_several(step, rest);
    case Step::Kind::Choice: break;
  }
  std::size_t at = step.first;
  for (std::size_t i = 0; i < step.count; ++i) {
    const auto size = static_cast<std::size_t>(texts[at]);
    if (begins_with(texts.substr(at + 1, size))) return size;
    at += 1 + size;
  }
  return std::nullopt;
}

bool StraightPattern::matches(std::string_view text,
                              std::vector<std::optional<std::string_view>>* groups) const {
  std::array<std::size_t, kMaxSteps + 1> starts;  // of the steps, and the end
  std::size_t at = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    starts[i] = at;
    const auto taken = take(steps_[i], text.substr(at));
    if (!taken) return false;
    at += *taken;
  }
  if (at != text.size()) return false;
  if (groups == nullptr) return true;
  starts[steps_.size()] = at;
  groups->clear();
  for (const Group& group : groups_)
    groups->emplace_back(text.substr(starts[group.first], starts[group.end] - starts[group.first]));
  return true;
}

void StraightPattern::add_to(MemoryLines& out) const {
  out.add(steps_);
  out.add(texts_);
  out.add(sets_);
  out.add(groups_);
}

}  // namespace allocd
