#include "analysis/likely_id.h"

#include <algorithm>
#include <string_view>
#include <variant>

#include "analysis/id_alphabet.h"
#include "analysis/regex_syntax.h"

namespace allocd {
namespace {

// What an ID is put together from.
struct Pieces {
  std::optional<std::string> whole;
  std::string start;
  std::string middle;
  std::string end;
};

// Writes down a text that the tree matches: first alternatives, repeated as seldom as can be.
// False where that is none, or too long.
bool append_text_of(const RegexTree& tree, std::string& out) {
  if (out.size() > kMaxIdLength) return false;
  switch (tree.kind) {
    case RegexTree::Kind::Begin:
    case RegexTree::Kind::End: return true;
    case RegexTree::Kind::Any: return append_text_of(tree.parts.front(), out);
    case RegexTree::Kind::All:
      return std::all_of(tree.parts.begin(), tree.parts.end(),
                         [&](const RegexTree& part) { return append_text_of(part, out); });
    case RegexTree::Kind::Symbols:
      for (std::size_t symbol = 0; symbol < kIdSymbols.size(); ++symbol)
        if (tree.symbols[symbol]) {
          out += kIdSymbols[symbol];
          return true;
        }
      return false;
    case RegexTree::Kind::Repeat: break;
  }
  for (int i = 0; i < tree.min; ++i) {
    const std::size_t before = out.size();
    if (!append_text_of(tree.parts.front(), out)) return false;
    if (out.size() == before) break;  // nothing, however often
  }
  return true;
}

std::string glob_text(std::string_view pattern) {
  std::string out;
  for (const char c : pattern)
    if (c != '*') out += c == '?' ? 'a' : c;
  return out;
}

void add_part(const TextPart& part, Pieces& pieces) {
  switch (part.where) {
    case TextPart::Where::Anywhere: pieces.middle += part.text; break;
    case TextPart::Where::Start: pieces.start = std::max(pieces.start, part.text); break;
    case TextPart::Where::End: pieces.end = part.text; break;
  }
}

// False where nothing comes to mind.
bool add(const CompiledOperator& op, Pieces& pieces) {
  if (const auto* test = std::get_if<OneOf>(&op.test)) {
    const auto text = std::find_if(test->values.begin(), test->values.end(),
                                   [](const Json& value) { return value.is_string(); });
    if (text == test->values.end()) return false;
    pieces.whole = text->get<std::string>();
  } else if (const auto* part = std::get_if<TextPart>(&op.test)) {
    add_part(*part, pieces);
  } else if (std::holds_alternative<Glob>(op.test)) {
    pieces.whole = glob_text(op.operand.get_ref<const std::string&>());
  } else if (std::holds_alternative<Pattern>(op.test)) {
    const auto tree = parse_regex(op.operand.get_ref<const std::string&>(), op.ignore_case);
    std::string text;
    if (const auto* known = std::get_if<RegexTree>(&tree);
        known == nullptr || !append_text_of(*known, text))
      return false;
    op.op == Operator::Matches ? void(pieces.whole = std::move(text)) : void(pieces.middle += text);
  } else {
    return std::holds_alternative<Presence>(op.test);
  }
  return true;
}

bool is_valid(std::string_view id) {
  return !id.empty() && id.size() <= kMaxIdLength &&
         id.find_first_not_of(kIdSymbols) == std::string_view::npos &&
         may_end_id(symbol_of(id.back()));
}

}  // namespace

std::optional<std::string> likely_id(const std::vector<FieldDemand>& on_id) {
  Pieces pieces;
  for (const FieldDemand& demand : on_id)
    if (!demand.negated && !add(*demand.op, pieces)) return std::nullopt;
  std::string id =
      pieces.whole ? *std::move(pieces.whole) : pieces.start + pieces.middle + pieces.end;
  if (!is_valid(id)) id += 'a';
  const auto holds = [&](const FieldDemand& demand) {
    return demand.holds(Value(std::string_view(id)));
  };
  if (!is_valid(id) || !std::all_of(on_id.begin(), on_id.end(), holds)) return std::nullopt;
  return id;
}

}  // namespace allocd
