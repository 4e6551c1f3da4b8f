#include "analysis/rule_alignment.h"

#include <algorithm>
#include <string>
#include <variant>

#include "analysis/rule_cases.h"
#include "policy/field.h"

namespace allocd {
namespace {

constexpr std::size_t kMaxTable = 4'000'000;

class KeyWriter {
 public:
  explicit KeyWriter(const RuleSet& rules) : rules_(rules) {}

  // Rules of equal keys take the same requests. Empty where that cannot be told.
  std::string key_of(const Rule& rule) {
    key_.clear();
    is_known_ = true;
    write(rule.match.parts());
    if (rule.rollout && !rule.rollout->is_everybody())
      key_ += " rollout " + rule.name + ' ' + std::to_string(rule.rollout->millionths);
    if (!takes_all(rule)) write_continue(rule);
    return is_known_ ? key_ : std::string();
  }

 private:
  void write(const Matcher::Group& group) {
    key_ += std::to_string(static_cast<int>(group.kind)) + '(';
    for (const Matcher::Part& part : group.parts) {
      if (const auto* inner = std::get_if<Matcher::Group>(&part)) {
        write(*inner);
      } else {
        const auto& field = std::get<FieldMatcher>(part);
        const auto parsed = rules_.fields().parse(field.field);
        const auto* known = std::get_if<Field>(&parsed);
        // What is in a table may differ between the sets.
        if (known == nullptr || known->root == FieldRoot::Lookup) is_known_ = false;
        key_ += Json(field.field).dump();
        write(field.operators);
      }
    }
    key_ += ')';
  }

  void write(const Operators& operators) {
    key_ += '{';
    for (const CompiledOperator& op : operators.all()) {
      key_ += operator_name(op.op);
      key_ += op.ignore_case ? "~" : "=";
      if (const auto* inner = std::get_if<Operators>(&op.test)) {
        write(*inner);
      } else {
        key_ += op.operand.dump(-1, ' ', false, Json::error_handler_t::replace) + ',';
      }
    }
    key_ += '}';
  }

  // A rule that lets those go on for whom it has no hub.
  void write_continue(const Rule& rule) {
    const auto* allocation = std::get_if<Allocation>(&rule.outcome);
    if (allocation == nullptr ||
        !std::holds_alternative<ContinueWithNextRule>(allocation->on_no_hub))
      return;
    if (allocation->hub.spread || allocation->hub.text.find("${") != std::string::npos)
      is_known_ = false;
    key_ += " continue " + allocation->hub.text + (allocation->hub.keep_current ? " keep" : "");
    key_ += pick_key(allocation->hub.pick);
  }

  static std::string pick_key(const PickSpec& pick) {
    return ' ' + std::to_string(static_cast<int>(pick.kind)) + ' ' + std::to_string(pick.index);
  }

  const RuleSet& rules_;
  std::string key_;
  bool is_known_ = true;
};

std::vector<std::string> keys_of(const RuleSet& rules) {
  KeyWriter writer(rules);
  std::vector<std::string> out;
  for (const Rule& rule : rules.rules()) out.push_back(writer.key_of(rule));
  return out;
}

bool are_partners(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

bool are_same_text(const Refusal& a, const Refusal& b) {
  return a.outcome == b.outcome && a.text.is_literal() && b.text.is_literal() &&
         a.text.text() == b.text.text();
}

// `Part` is a twin or a payload.
template <typename Part>
bool are_same_part(const std::optional<Part>& a, const std::optional<Part>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->literal && b->literal && *a->literal == *b->literal;
}

bool are_same_hub(const HubChoice& a, const HubChoice& b) {
  // The text of patterns says all of them; that of operators is for people.
  return std::holds_alternative<std::vector<HubPattern>>(a.hub) &&
         std::holds_alternative<std::vector<HubPattern>>(b.hub) && a.text == b.text &&
         a.text.find("${") == std::string::npos && a.pick.kind == b.pick.kind &&
         a.pick.index == b.pick.index && !a.spread && !b.spread && a.keep_current == b.keep_current;
}

}  // namespace

std::vector<std::size_t> align_rules(const RuleSet& from, const RuleSet& to) {
  const auto a = keys_of(from);
  const auto b = keys_of(to);
  std::vector<std::size_t> out(a.size(), kNoPartner);
  std::size_t begin = 0;
  while (begin < std::min(a.size(), b.size()) && are_partners(a[begin], b[begin])) {
    out[begin] = begin;
    ++begin;
  }
  std::size_t a_end = a.size();
  std::size_t b_end = b.size();
  while (a_end > begin && b_end > begin && are_partners(a[a_end - 1], b[b_end - 1])) {
    out[a_end - 1] = b_end - 1;
    --a_end;
    --b_end;
  }
  // The longest common subsequence of the rest, unless there is too much of it.
  const std::size_t rows = a_end - begin;
  const std::size_t columns = b_end - begin;
  if (rows == 0 || columns == 0 || rows > kMaxTable / columns) return out;
  std::vector<std::uint32_t> longest((rows + 1) * (columns + 1));
  const auto at = [&](std::size_t i, std::size_t j) -> std::uint32_t& {
    return longest[i * (columns + 1) + j];
  };
  for (std::size_t i = rows; i-- > 0;)
    for (std::size_t j = columns; j-- > 0;)
      at(i, j) = are_partners(a[begin + i], b[begin + j]) ? at(i + 1, j + 1) + 1
                                                          : std::max(at(i + 1, j), at(i, j + 1));
  for (std::size_t i = 0, j = 0; i < rows && j < columns;) {
    if (are_partners(a[begin + i], b[begin + j])) {
      out[begin + i++] = begin + j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      ++i;
    } else {
      ++j;
    }
  }
  return out;
}

bool are_same_outcome(const Rule& a, const Rule& b) {
  const auto* refusal = std::get_if<Refusal>(&a.outcome);
  const auto* other_refusal = std::get_if<Refusal>(&b.outcome);
  if (refusal != nullptr || other_refusal != nullptr)
    return refusal != nullptr && other_refusal != nullptr &&
           are_same_text(*refusal, *other_refusal);
  const auto& allocation = std::get<Allocation>(a.outcome);
  const auto& other = std::get<Allocation>(b.outcome);
  if (!are_same_hub(allocation.hub, other.hub) ||
      !are_same_part(allocation.initial_twin, other.initial_twin) ||
      !are_same_part(allocation.payload, other.payload))
    return false;
  const auto* no_hub = std::get_if<Refusal>(&allocation.on_no_hub);
  const auto* other_no_hub = std::get_if<Refusal>(&other.on_no_hub);
  if (no_hub == nullptr || other_no_hub == nullptr) return no_hub == other_no_hub;
  return are_same_text(*no_hub, *other_no_hub);
}

}  // namespace allocd
