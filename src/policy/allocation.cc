#include "policy/allocation.h"

#include <utility>

#include "policy/letter_case.h"
#include "policy/twin_limits.h"

namespace allocd {
namespace {

std::string count_of_hubs(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " linked hub" : " linked hubs");
}

// Every pattern filled in for this request; operators need no filling in.
class HubTest {
 public:
  explicit HubTest(const HubChoice& choice) : choice_(choice) {}

  std::optional<RenderError> fill(const RenderContext& context) {
    const auto* patterns = std::get_if<std::vector<HubPattern>>(&choice_.hub);
    if (patterns == nullptr) return std::nullopt;
    filled_.resize(patterns->size());
    for (std::size_t i = 0; i < patterns->size(); ++i)
      if (auto error = (*patterns)[i].fill(context, filled_[i])) return error;
    return std::nullopt;
  }

  std::size_t preferences() const { return filled_.empty() ? 1 : filled_.size(); }

  bool fits(std::size_t preference, std::string_view host_name) const {
    if (const auto* operators = std::get_if<Operators>(&choice_.hub))
      return operators->hold(Value(hub_name(host_name)), nullptr);
    return filled_[preference].matches(host_name);
  }

  bool fits_any(std::string_view host_name) const {
    for (std::size_t i = 0; i < preferences(); ++i)
      if (fits(i, host_name)) return true;
    return false;
  }

  // The pattern as written, and what it came out as.
  std::string text(std::size_t preference, const RenderContext& context) const {
    const auto* patterns = std::get_if<std::vector<HubPattern>>(&choice_.hub);
    if (patterns == nullptr) return choice_.text;
    const TextTemplate& pattern = (*patterns)[preference].as_template();
    std::string out = in_backticks(pattern.text());
    if (const auto filled = pattern.render(context);
        !pattern.is_literal() && std::holds_alternative<std::string>(filled))
      out += ", here " + in_backticks(std::get<std::string>(filled)) + ",";
    return out;
  }

 private:
  const HubChoice& choice_;
  std::vector<HubPattern::Filled> filled_;
};

std::optional<std::string_view> pick_from(const PickSpec& pick,
                                          const std::vector<std::string_view>& candidates) {
  switch (pick.kind) {
    case PickSpec::Kind::First: return candidates.front();
    case PickSpec::Kind::Last: return candidates.back();
    case PickSpec::Kind::Index:
      if (pick.index < candidates.size()) return candidates[pick.index];
      break;
  }
  return std::nullopt;
}

std::string describe(const PickSpec& pick) {
  switch (pick.kind) {
    case PickSpec::Kind::First: return "the first";
    case PickSpec::Kind::Last: return "the last";
    case PickSpec::Kind::Index: return "number " + std::to_string(pick.index);
  }
  return "";
}

std::string join(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + printable(name);
  return out;
}

// One part of a twin: must be an object and within the limits.
std::variant<Json, RenderError> render_section(const ValueTemplate& section, std::string_view name,
                                               std::size_t max_bytes,
                                               const RenderContext& context) {
  auto rendered = section.render(context);
  if (std::holds_alternative<RenderError>(rendered)) return rendered;
  const Json& json = std::get<Json>(rendered);
  if (!json.is_object())
    return RenderError{in_backticks(name) + " of the initial twin is no object"};
  // What is literal was judged when the rules were loaded.
  if (section.literal() == nullptr)
    if (auto violation = twin_violation(json, name, max_bytes))
      return RenderError{std::move(*violation)};
  return rendered;
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
    std::vector<std::string_view> candidates;
    for (const std::string_view host_name : linked_hubs)
      if (test.fits(i, host_name)) candidates.push_back(host_name);
    if (candidates.empty()) continue;
    ChosenHub out{pick_from(choice.pick, candidates), ""};
    if (explain)
      out.why = test.text(i, context) + " fits " + std::to_string(candidates.size()) + " of " +
                count_of_hubs(linked_hubs.size()) + " (" + join(candidates) + "), pick is " +
                describe(choice.pick) + (!out.host_name ? ", which there is not" : "");
    return out;
  }
  if (!explain) return ChosenHub{};
  std::string why;
  for (std::size_t i = 0; i < test.preferences(); ++i)
    why += (why.empty() ? "" : ", ") + test.text(i, context);
  return ChosenHub{std::nullopt, why + " fits none of " + count_of_hubs(linked_hubs.size())};
}

namespace {

std::variant<Json, RenderError> whole_twin(const TwinTemplate& twin, const RenderContext& context) {
  auto desired =
      render_section(twin.desired, "properties.desired", TwinLimits::kDesiredBytes, context);
  if (std::holds_alternative<RenderError>(desired)) return desired;
  auto tags = render_section(twin.tags, "tags", TwinLimits::kTagsBytes, context);
  if (std::holds_alternative<RenderError>(tags)) return tags;
  Json out = Json::object();
  if (!std::get<Json>(desired).empty())
    out["properties"]["desired"] = std::get<Json>(std::move(desired));
  if (!std::get<Json>(tags).empty()) out["tags"] = std::get<Json>(std::move(tags));
  return out;
}

}  // namespace

void prepare(TwinTemplate& twin) {
  if (twin.tags.literal() == nullptr || twin.desired.literal() == nullptr) return;
  const FieldValues no_fields(0);
  const Captures no_captures;
  const auto whole = whole_twin(twin, {no_fields, no_captures, {}, {}});
  const Json* json = std::get_if<Json>(&whole);
  if (json != nullptr) twin.literal = json->empty() ? "" : std::string(RenderedJson(*json).text());
}

void prepare(PayloadTemplate& payload) {
  const Json* json = payload.value.literal();
  if (json != nullptr && json->is_object())
    payload.literal = std::string(RenderedJson(*json).text());
}

std::variant<std::optional<RenderedJson>, RenderError> render_twin(const TwinTemplate& twin,
                                                                   const RenderContext& context) {
  if (twin.literal) {
    if (twin.literal->empty()) return std::nullopt;
    return RenderedJson(&*twin.literal);
  }
  auto whole = whole_twin(twin, context);
  if (auto* error = std::get_if<RenderError>(&whole)) return std::move(*error);
  const Json& json = std::get<Json>(whole);
  if (json.empty()) return std::nullopt;
  return RenderedJson(json);
}

std::variant<RenderedJson, RenderError> render_payload(const PayloadTemplate& payload,
                                                       const RenderContext& context) {
  if (payload.literal) return RenderedJson(&*payload.literal);
  auto rendered = payload.value.render(context);
  if (auto* error = std::get_if<RenderError>(&rendered)) return std::move(*error);
  const Json& json = std::get<Json>(rendered);
  if (!json.is_object()) return RenderError{"`payload` of the answer is no object"};
  return RenderedJson(json);
}

}  // namespace allocd
