#include "analysis/made_up_hubs.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "analysis/made_request.h"
#include "policy/letter_case.h"

namespace allocd {
namespace {

constexpr std::size_t kMaxOfOnePattern = 16;  // `pick: 1000` is no use in tests

// A host name of an author's pattern, `*` replaced by `any_text`.
class MadeUpHost {
 public:
  void add_pattern(std::string_view text, std::string_view any_text) {
    for (const char c : text) {
      is_whole_ = is_whole_ || c == '.';
      if (c == '*') {
        host_ += any_text;
      } else {
        host_ += c == '?' ? 'x' : lower(c);
      }
    }
  }
  void add_text(std::string_view text) { host_ += text; }

  std::string host() && {
    return is_whole_ ? std::move(host_) : std::move(host_) + ".azure-devices.net";
  }

 private:
  std::string host_;
  bool is_whole_ = false;
};

// A host name that the pattern fits.
std::string made_up_host(const HubPattern& pattern) {
  MadeUpHost out;
  for (const TextTemplate::Piece& piece : pattern.as_template().pieces()) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      out.add_pattern(*text, "any");
    } else {
      out.add_text("some");
    }
  }
  return std::move(out).host();
}

// The same for one request; nothing where the pattern cannot be filled in.
std::optional<std::string> made_up_host(const HubPattern& pattern, const RenderContext& context,
                                        std::string_view any_text) {
  MadeUpHost out;
  for (const TextTemplate::Piece& piece : pattern.as_template().pieces()) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      out.add_pattern(*text, any_text);
      continue;
    }
    std::string scratch;
    const auto value = std::get<Reference>(piece).value(context, scratch);
    const auto* found = std::get_if<Value>(&value);
    if (found == nullptr) return std::nullopt;
    const Json json = found->json();
    out.add_text(json.is_string() ? json.get<std::string>() : json.dump());
  }
  return std::move(out).host();
}

void add_demands(const Operators& operators, bool negated, const std::string& field,
                 std::vector<FieldDemand>& out) {
  for (const CompiledOperator& op : operators.all()) {
    if (const auto* inner = std::get_if<Operators>(&op.test)) {
      add_demands(*inner, !negated, field, out);
    } else {
      out.push_back({&field, FieldTable::kCurrentHub, &op, negated});
    }
  }
}

// Names that operators hold.
std::vector<std::string> made_up_hosts(const Operators& operators) {
  // Any field that is a text: what fits it fits a hub's name.
  static const std::string kField = "currentHub";
  std::vector<FieldDemand> demands;
  add_demands(operators, false, kField, demands);
  std::vector<std::string> out;
  for (const auto& value : values_that_meet(kField, demands, {})) {
    if (!value || !value->is_string()) continue;
    const auto& name = value->get_ref<const std::string&>();
    if (!name.empty() && name.find('.') == std::string::npos &&
        operators.hold(Value(std::string_view(name)), nullptr))
      out.push_back(name + ".azure-devices.net");
  }
  return out;
}

void add_once(std::string host, std::vector<std::string>& out) {
  if (std::find(out.begin(), out.end(), host) == out.end()) out.push_back(std::move(host));
}

}  // namespace

std::vector<std::string> made_up_hubs(const RuleSet& from, const RuleSet& to) {
  std::vector<std::string> out = {"first-hub.azure-devices.net"};
  for (const RuleSet* rules : {&from, &to})
    for (const Rule& rule : rules->rules()) {
      const auto* allocation = std::get_if<Allocation>(&rule.outcome);
      if (allocation == nullptr) continue;
      if (const auto* patterns = std::get_if<std::vector<HubPattern>>(&allocation->hub.hub))
        for (const HubPattern& pattern : *patterns) add_once(made_up_host(pattern), out);
    }
  add_once("last-hub.azure-devices.net", out);
  return out;
}

std::vector<std::string> made_up_hubs_of(const RuleSet& rules, const Rule& rule,
                                         const AllocationRequest& request) {
  std::vector<std::string> out;
  const auto* allocation = std::get_if<Allocation>(&rule.outcome);
  if (allocation == nullptr) return out;
  const FieldValues fields = rules.fields().read(request);
  Captures captures(rule.variables.size());
  if (!rule.match.holds(fields, captures)) return out;
  const RenderContext context{fields, captures, Moment(), {}};
  const PickSpec& pick = allocation->hub.pick;
  const std::size_t needed =
      pick.kind == PickSpec::Kind::Index ? std::min(pick.index + 1, kMaxOfOnePattern) : 1;
  if (const auto* operators = std::get_if<Operators>(&allocation->hub.hub)) {
    for (std::string& host : made_up_hosts(*operators))
      if (out.size() < needed) add_once(std::move(host), out);
    return out;
  }
  for (const HubPattern& pattern : std::get<std::vector<HubPattern>>(allocation->hub.hub))
    for (std::size_t i = 0; i < needed; ++i)
      if (auto host =
              made_up_host(pattern, context, i == 0 ? "any" : "any" + std::to_string(i + 1)))
        add_once(*std::move(host), out);
  return out;
}

}  // namespace allocd
