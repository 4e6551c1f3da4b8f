#include "policy/allocation.h"

#include <utility>

#include "policy/json_text.h"
#include "policy/letter_case.h"
#include "policy/twin_limits.h"

namespace allocd {
namespace {

std::string count_of_hubs(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " linked hub" : " linked hubs");
}

// Every pattern filled in for this request; literal ones and operators need no filling in.
class HubTest {
 public:
  explicit HubTest(const HubChoice& choice)
      : choice_(choice), patterns_(std::get_if<std::vector<HubPattern>>(&choice.hub)) {}

  std::optional<RenderError> fill(const RenderContext& context) {
    for (std::size_t i = 0; patterns_ != nullptr && i < patterns_->size(); ++i) {
      if ((*patterns_)[i].is_literal()) continue;
      filled_.resize(patterns_->size());
      if (auto error = (*patterns_)[i].fill(context, filled_[i])) return error;
    }
    return std::nullopt;
  }

  std::size_t preferences() const { return patterns_ == nullptr ? 1 : patterns_->size(); }

  bool fits(std::size_t preference, std::string_view host_name) const {
    if (patterns_ == nullptr)
      return std::get<Operators>(choice_.hub).hold(Value(hub_name(host_name)), nullptr);
    return (*patterns_)[preference].matches(host_name,
                                            filled_.empty() ? no_glob_ : filled_[preference]);
  }

  bool fits_any(std::string_view host_name) const {
    for (std::size_t i = 0; i < preferences(); ++i)
      if (fits(i, host_name)) return true;
    return false;
  }

  // The pattern as written, and what it came out as.
  std::string text(std::size_t preference, const RenderContext& context) const {
    if (patterns_ == nullptr) return choice_.text;
    const TextTemplate& pattern = (*patterns_)[preference].as_template();
    std::string out = in_backticks(pattern.text());
    if (const auto filled = pattern.render(context);
        !pattern.is_literal() && std::holds_alternative<std::string>(filled))
      out += ", here " + in_backticks(std::get<std::string>(filled)) + ",";
    return out;
  }

 private:
  const HubChoice& choice_;
  const std::vector<HubPattern>* patterns_;  // null where operators choose
  std::vector<Glob> filled_;                 // by pattern; empty where all are literal
  Glob no_glob_;
};

// The linked hubs that fit, as far as a choice has to know them.
struct Candidates {
  std::size_t count = 0;
  std::optional<std::string_view> picked;  // not where they are spread
};

Candidates candidates_of(const HubTest& test, std::size_t preference, const PickSpec& pick,
                         const std::vector<std::string_view>& linked_hubs) {
  Candidates out;
  for (const std::string_view host_name : linked_hubs) {
    if (!test.fits(preference, host_name)) continue;
    const bool picked = pick.kind == PickSpec::Kind::Last ||
                        out.count == (pick.kind == PickSpec::Kind::Index ? pick.index : 0);
    if (picked) out.picked = host_name;
    ++out.count;
  }
  return out;
}

// Which of the hubs that fit; none where none of them weighs anything.
std::optional<std::string_view> spread_over(const HubTest& test, std::size_t preference,
                                            const SpreadRequest& spread,
                                            const std::vector<std::string_view>& linked_hubs) {
  Rendezvous rendezvous(spread.key());
  for (const std::string_view host_name : linked_hubs)
    if (test.fits(preference, host_name)) rendezvous.offer(host_name, spread.weight_of(host_name));
  return rendezvous.winner();
}

std::string describe(const PickSpec& pick) {
  switch (pick.kind) {
    case PickSpec::Kind::Spread: return "spread";
    case PickSpec::Kind::First: return "the first";
    case PickSpec::Kind::Last: return "the last";
    case PickSpec::Kind::Index: return "number " + std::to_string(pick.index);
  }
  return "";
}

// All that fit, for people.
std::vector<std::string_view> fitting(const HubTest& test, std::size_t preference,
                                      const std::vector<std::string_view>& linked_hubs) {
  std::vector<std::string_view> out;
  for (const std::string_view host_name : linked_hubs)
    if (test.fits(preference, host_name)) out.push_back(host_name);
  return out;
}

std::string list_of(const std::vector<std::string_view>& host_names) {
  std::string out;
  for (const std::string_view host_name : host_names)
    out += (out.empty() ? "" : ", ") + printable(host_name);
  return out;
}

// Appends one part of a twin, `opening` before and `closing` behind it, where it is not empty. It
// must be an object and within the limits.
std::optional<RenderError> append_section(const ValueTemplate& section, std::string_view name,
                                          std::size_t max_bytes, std::string_view opening,
                                          std::string_view closing, const RenderContext& context,
                                          std::string& out) {
  const std::size_t before = out.size();
  out += opening;
  const std::size_t start = out.size();
  // What is literal was judged when the rules were loaded.
  TwinMeter meter;
  if (auto error = section.write(context, out, section.literal() != nullptr ? nullptr : &meter))
    return error;
  const std::string_view text = std::string_view(out).substr(start);
  if (!text.starts_with('{'))
    return RenderError{in_backticks(name) + " of the initial twin is no object"};
  if (auto violation = meter.violation(name, max_bytes)) return RenderError{std::move(*violation)};
  if (text == "{}") {
    out.resize(before);
  } else {
    out += closing;
  }
  return std::nullopt;
}

}  // namespace

std::variant<ChosenHub, RenderError> choose_hub(const HubChoice& choice,
                                                const std::vector<std::string_view>& linked_hubs,
                                                std::string_view current_hub,
                                                const RenderContext& context, bool explain) {
  HubTest test(choice);
  if (auto error = test.fill(context)) return std::move(*error);

  if (choice.keep_current && !current_hub.empty())
    for (const std::string_view host_name : linked_hubs)
      if (equal_ignoring_case(host_name, current_hub) && test.fits_any(host_name))
        return ChosenHub{host_name, explain ? "the current hub stays (keepCurrent)" : ""};

  for (std::size_t i = 0; i < test.preferences(); ++i) {
    const Candidates candidates = candidates_of(test, i, choice.pick, linked_hubs);
    if (candidates.count == 0) continue;
    ChosenHub out{candidates.picked, "", i};
    std::string further;
    if (choice.spread) {
      const auto spread = SpreadRequest::of(*choice.spread, context);
      if (const auto* error = std::get_if<RenderError>(&spread)) return *error;
      const auto& filled = std::get<SpreadRequest>(spread);
      out.host_name = spread_over(test, i, filled, linked_hubs);
      if (explain)
        further = filled.describe(fitting(test, i, linked_hubs)) +
                  (!out.host_name ? ", so that none gets new devices" : "");
    } else if (!out.host_name) {
      further = ", which there is not";
    }
    if (explain)
      out.why = test.text(i, context) + " fits " + std::to_string(candidates.count) + " of " +
                count_of_hubs(linked_hubs.size()) + " (" + list_of(fitting(test, i, linked_hubs)) +
                "), pick is " + describe(choice.pick) + further;
    return out;
  }
  if (!explain) return ChosenHub{};
  std::string why;
  for (std::size_t i = 0; i < test.preferences(); ++i)
    why += (why.empty() ? "" : ", ") + test.text(i, context);
  return ChosenHub{std::nullopt, why + " fits none of " + count_of_hubs(linked_hubs.size())};
}

namespace {

// The twin as it goes out; empty where both parts are.
std::variant<std::string, RenderError> whole_twin(const TwinTemplate& twin,
                                                  const RenderContext& context) {
  std::string out;
  if (auto error = append_section(twin.desired, "properties.desired", TwinLimits::kDesiredBytes,
                                  R"({"properties":{"desired":)", "}", context, out))
    return std::move(*error);
  if (auto error = append_section(twin.tags, "tags", TwinLimits::kTagsBytes,
                                  out.empty() ? R"({"tags":)" : R"(,"tags":)", "", context, out))
    return std::move(*error);
  if (!out.empty()) out += '}';
  return out;
}

}  // namespace

void prepare(TwinTemplate& twin) {
  if (twin.tags.literal() == nullptr || twin.desired.literal() == nullptr) return;
  const FieldValues no_fields(0);
  const Captures no_captures;
  auto whole = whole_twin(twin, {no_fields, no_captures, {}, {}});
  auto* text = std::get_if<std::string>(&whole);
  if (text == nullptr) return;
  twin = TwinTemplate{{}, {}, std::move(*text)};
}

void prepare(PayloadTemplate& payload) {
  const Json* json = payload.value.literal();
  if (json != nullptr && json->is_object()) append_json(payload.literal.emplace(), *json);
}

std::variant<std::optional<RenderedJson>, RenderError> render_twin(const TwinTemplate& twin,
                                                                   const RenderContext& context) {
  if (twin.literal) {
    if (twin.literal->empty()) return std::nullopt;
    return RenderedJson(&*twin.literal);
  }
  auto whole = whole_twin(twin, context);
  if (auto* error = std::get_if<RenderError>(&whole)) return std::move(*error);
  std::string& text = std::get<std::string>(whole);
  if (text.empty()) return std::nullopt;
  return RenderedJson(std::move(text));
}

std::variant<RenderedJson, RenderError> render_payload(const PayloadTemplate& payload,
                                                       const RenderContext& context) {
  if (payload.literal) return RenderedJson(&*payload.literal);
  std::string text;
  if (auto error = payload.value.write(context, text, nullptr)) return std::move(*error);
  if (!text.starts_with('{')) return RenderError{"`payload` of the answer is no object"};
  return RenderedJson(std::move(text));
}

}  // namespace allocd
