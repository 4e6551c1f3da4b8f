#include "policy/regex.h"

#include <map>
#include <mutex>
#include <utility>

#include <re2/re2.h>

#include "policy/straight_pattern.h"

namespace allocd {
namespace {

// Enough for a class of all Unicode letters repeated a few hundred times.
constexpr std::int64_t kMaxMemory = 8 << 20;

RE2::Options options(bool ignore_case) {
  RE2::Options out;
  out.set_log_errors(false);
  out.set_case_sensitive(!ignore_case);
  out.set_max_mem(kMaxMemory);
  return out;
}

// RE2 before 2023-11 merges the alternatives of `0a|0[aA]` into `0a` (google/re2#467): where a
// literal stands first and the same letter in both cases later, the other case gets lost.
bool loses_letters() {
  static const bool kLoses = [] {
    RE2::Options exact = options(false);
    return !RE2::FullMatch("0A", RE2("0a|0[aA]", exact));
  }();
  return kLoses;
}

// Null never; whether it is any good is for the caller to see.
std::unique_ptr<const RE2> re2_of(const std::string& pattern, bool ignore_case) {
  auto out = std::make_unique<const RE2>(pattern, options(ignore_case));
  // The pattern itself is judged first: the rewritten one may hide a mistake (`a|*`).
  if (out->ok() && pattern.find('|') != std::string::npos && loses_letters())
    out = std::make_unique<const RE2>(keep_alternatives_apart(pattern), options(ignore_case));
  return out;
}

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

}  // namespace

std::string keep_alternatives_apart(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  bool quoted = false;  // between \Q and \E
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    out += c;
    if (quoted) {
      if (c == '\\' && i + 1 < pattern.size() && pattern[i + 1] == 'E') {
        out += pattern[++i];
        quoted = false;
      }
    } else if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[++i];
      out += escaped;
      quoted = escaped == 'Q' && !in_class;
    } else if (in_class) {
      // `[:alpha:]` inside a class ends with a bracket of its own.
      if (c == '[' && i + 1 < pattern.size() && pattern[i + 1] == ':') {
        const std::size_t end = pattern.find(":]", i + 2);
        if (end != std::string_view::npos) {
          out += pattern.substr(i + 1, end + 1 - i);
          i = end + 1;
        }
      } else if (c == ']') {
        in_class = false;
      }
    } else if (c == '[') {
      in_class = true;
      // A bracket right at the start of a class is a member of it.
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') out += pattern[++i];
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') out += pattern[++i];
    } else if (c == '|') {
      out += "(?:)";
    }
  }
  return out;
}

// A pattern as it is matched.
struct Regex::Compiled {
  Compiled(std::string written, Extent where, bool folds, std::unique_ptr<const RE2> made)
      : pattern(std::move(written)), extent(where), ignore_case(folds) {
    std::map<int, std::string> by_number;
    for (const auto& [name, number] : made->NamedCapturingGroups()) by_number[number] = name;
    for (auto& [number, name] : by_number) {
      group_numbers.push_back(number);
      group_names.push_back(std::move(name));
    }
    if (extent == Extent::Whole) straight = StraightPattern::compile(pattern, ignore_case);
    // Of thousands of patterns, those that hardly ever need it would take most of the memory.
    if (!straight) re = std::move(made);
  }

  // Null where the pattern, or the text, needs RE2.
  const StraightPattern* straight_for(std::string_view text) const {
    return straight && is_ascii(text) ? &*straight : nullptr;
  }

  const RE2& re2() const {
    if (!straight) return *re;
    std::call_once(made_late, [this] { re = re2_of(pattern, ignore_case); });
    return *re;
  }

  std::optional<StraightPattern> straight;  // matches the same of ASCII, where there is one
  const std::string pattern;
  const Extent extent;
  const bool ignore_case;
  std::vector<std::string> group_names;
  std::vector<int> group_numbers;
  // Made of the pattern by the first text that needs it, where there is a straight one.
  mutable std::once_flag made_late;
  mutable std::unique_ptr<const RE2> re;
};

Regex::Regex(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

std::variant<Regex, RegexError> Regex::compile(const std::string& pattern, Extent extent,
                                               bool ignore_case) {
  auto re = re2_of(pattern, ignore_case);
  if (!re->ok()) {
    // RE2 says "missing ]: [a-"; the fragment comes apart.
    std::string message = re->error();
    const std::string fragment = ": " + re->error_arg();
    if (message.ends_with(fragment)) message.resize(message.size() - fragment.size());
    return RegexError{std::move(message), re->error_arg()};
  }
  return Regex(std::make_shared<const Compiled>(pattern, extent, ignore_case, std::move(re)));
}

const std::vector<std::string>& Regex::group_names() const { return compiled_->group_names; }

bool Regex::matches(std::string_view text) const {
  if (const StraightPattern* straight = compiled_->straight_for(text))
    return straight->matches(text, nullptr);
  return compiled_->re2().Match(
      re2::StringPiece(text.data(), text.size()), 0, text.size(),
      compiled_->extent == Extent::Whole ? RE2::ANCHOR_BOTH : RE2::UNANCHORED, nullptr, 0);
}

bool Regex::matches(std::string_view text,
                    std::vector<std::optional<std::string_view>>& groups) const {
  if (const StraightPattern* straight = compiled_->straight_for(text))
    return straight->matches(text, &groups);
  const std::vector<int>& numbers = compiled_->group_numbers;
  const int wanted = numbers.empty() ? 0 : numbers.back() + 1;
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(wanted));
  if (!compiled_->re2().Match(
          re2::StringPiece(text.data(), text.size()), 0, text.size(),
          compiled_->extent == Extent::Whole ? RE2::ANCHOR_BOTH : RE2::UNANCHORED, found.data(),
          wanted))
    return false;
  groups.clear();
  for (const int number : numbers) {
    const re2::StringPiece& group = found[static_cast<std::size_t>(number)];
    if (group.data() == nullptr) {
      groups.emplace_back(std::nullopt);
    } else {
      groups.emplace_back(std::string_view(group.data(), group.size()));
    }
  }
  return true;
}

void Regex::add_to(MemoryLines& out) const {
  out.add(compiled_.get(), sizeof *compiled_);
  if (compiled_->straight) {
    compiled_->straight->add_to(out);
  } else {
    out.add(compiled_->re.get(), sizeof *compiled_->re);
    out.add(compiled_->group_numbers);
  }
}

}  // namespace allocd
