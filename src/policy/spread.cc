#include "policy/spread.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "policy/field.h"
#include "policy/letter_case.h"

namespace allocd {
namespace {

// Whether the letter case of what it stands for does not count.
bool ignores_case(const Reference& reference, const ReferenceScope& scope) {
  if (reference.source == Reference::Source::Variable) {
    const auto variable = scope.variables->find(reference.name);
    return variable != scope.variables->end() && variable->second.ignores_case;
  }
  if (reference.source != Reference::Source::Field) return false;
  const auto parsed = parse_field(reference.name);
  const auto* field = std::get_if<Field>(&parsed);
  return field != nullptr && field->ignores_case;
}

// "3", "0.5".
std::string text_of(Weight weight) {
  std::string out = std::to_string(weight.thousandths / Weight::kOne);
  if (const std::uint64_t rest = weight.thousandths % Weight::kOne; rest != 0) {
    const std::string decimals = std::to_string(Weight::kOne + rest).substr(1);
    out += '.' + decimals.substr(0, decimals.find_last_not_of('0') + 1);
  }
  return out;
}

}  // namespace

Spread Spread::compile(const SpreadSpec& spec, const ReferenceScope& scope,
                       Diagnostics& diagnostics) {
  Spread out;
  const Located<std::string> by_default{"${registrationId}", {}};
  const std::size_t errors_before = diagnostics.errors();
  out.key_ = TextTemplate::parse(spec.by ? *spec.by : by_default, scope, diagnostics);
  if (out.key_.is_literal() && diagnostics.errors() == errors_before) {
    const auto parsed = parse_field(spec.by->value);
    diagnostics.warning(spec.by->range, "constant-key",
                        "`spreadBy` is the same for every device, and one hub gets them all",
                        std::holds_alternative<Field>(parsed)
                            ? "did you mean `${" + spec.by->value + "}`?"
                            : "name what differs, as in `${payload.tenant}`");
  }
  for (const TextTemplate::Piece& piece : out.key_.pieces()) {
    const auto* reference = std::get_if<Reference>(&piece);
    out.folds_.push_back(reference != nullptr && ignores_case(*reference, scope));
  }
  for (const WeightSpec& weight : spec.weights)
    out.weights_.push_back({HubPattern::parse(weight.pattern, scope, diagnostics), weight.weight});
  return out;
}

bool Spread::may_weigh_nothing() const {
  return std::any_of(weights_.begin(), weights_.end(),
                     [](const HubWeight& w) { return w.weight.thousandths == 0; });
}

std::variant<SpreadRequest, RenderError> SpreadRequest::of(const Spread& spread,
                                                           const RenderContext& context) {
  SpreadRequest out(spread);
  std::string scratch;
  const auto& pieces = spread.key_.pieces();
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (const auto* text = std::get_if<std::string>(&pieces[i])) {
      out.key_ += *text;
      continue;
    }
    auto value = std::get<Reference>(pieces[i]).value(context, scratch);
    if (auto* error = std::get_if<RenderError>(&value)) return std::move(*error);
    const std::size_t begin = out.key_.size();
    std::get<Value>(value).append_display_to(out.key_);
    if (spread.folds_[i])
      for (std::size_t at = begin; at < out.key_.size(); ++at) out.key_[at] = lower(out.key_[at]);
  }
  for (std::size_t i = 0; i < spread.weights_.size(); ++i) {
    const HubPattern& pattern = spread.weights_[i].pattern;
    if (pattern.is_literal()) continue;
    out.filled_.resize(spread.weights_.size());
    if (auto error = pattern.fill(context, out.filled_[i])) return std::move(*error);
  }
  return out;
}

Weight SpreadRequest::weight_of(std::string_view host_name) const {
  for (std::size_t i = 0; i < spread_->weights_.size(); ++i)
    if (spread_->weights_[i].pattern.matches(host_name, filled_.empty() ? no_glob_ : filled_[i]))
      return spread_->weights_[i].weight;
  return {};
}

std::string SpreadRequest::describe(const std::vector<std::string_view>& host_names) const {
  std::string out = " by " + in_backticks(key_);
  if (spread_->weights_.empty()) return out;
  bool first = true;
  for (const std::string_view host_name : host_names) {
    out +=
        (first ? ", weights " : ", ") + printable(host_name) + ' ' + text_of(weight_of(host_name));
    first = false;
  }
  return out;
}

}  // namespace allocd
