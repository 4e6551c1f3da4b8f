#include "policy/regex.h"

#include <map>
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

std::variant<Regex, RegexError> Regex::compile(const std::string& pattern, Extent extent,
                                               bool ignore_case) {
  auto re = std::make_shared<const RE2>(pattern, options(ignore_case));
  // The pattern itself is judged first: the rewritten one may hide a mistake (`a|*`).
  if (re->ok() && pattern.find('|') != std::string::npos && loses_letters())
    re = std::make_shared<const RE2>(keep_alternatives_apart(pattern), options(ignore_case));
  if (!re->ok()) {
    // RE2 says "missing ]: [a-"; the fragment comes apart.
    std::string message = re->error();
    const std::string fragment = ": " + re->error_arg();
    if (message.ends_with(fragment)) message.resize(message.size() - fragment.size());
    return RegexError{std::move(message), re->error_arg()};
  }

  Regex out;
  out.re_ = std::move(re);
  out.extent_ = extent;
  if (extent == Extent::Whole)
    if (auto straight = StraightPattern::compile(pattern, ignore_case))
      out.straight_ = std::make_shared<const StraightPattern>(*std::move(straight));
  std::map<int, std::string> by_number;
  for (const auto& [name, number] : out.re_->NamedCapturingGroups()) by_number[number] = name;
  for (auto& [number, name] : by_number) {
    out.group_numbers_.push_back(number);
    out.group_names_.push_back(std::move(name));
  }
  return out;
}

const StraightPattern* Regex::straight_for(std::string_view text) const {
  return straight_ != nullptr && is_ascii(text) ? straight_.get() : nullptr;
}

bool Regex::matches(std::string_view text) const {
  if (const StraightPattern* straight = straight_for(text)) return straight->matches(text, nullptr);
  return re_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                    extent_ == Extent::Whole ? RE2::ANCHOR_BOTH : RE2::UNANCHORED, nullptr, 0);
}

bool Regex::matches(std::string_view text,
                    std::vector<std::optional<std::string_view>>& groups) const {
  if (const StraightPattern* straight = straight_for(text)) return straight->matches(text, &groups);
  const int wanted = group_numbers_.empty() ? 0 : group_numbers_.back() + 1;
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(wanted));
  if (!re_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                  extent_ == Extent::Whole ? RE2::ANCHOR_BOTH : RE2::UNANCHORED, found.data(),
                  wanted))
    return false;
  groups.clear();
  for (const int number : group_numbers_) {
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
  if (straight_ != nullptr) {
    out.add(straight_.get(), sizeof *straight_);
    return straight_->add_to(out);
  }
  out.add(re_.get(), sizeof *re_);
  out.add(group_numbers_);
}

}  // namespace allocd
