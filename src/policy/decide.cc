#include "policy/decide.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace allocd {
namespace {

// The texts of the tutorial's function, in its order of checks.
constexpr const char* kNoRegistrationId = "Registration ID not provided for the device.";
constexpr const char* kNoLinkedHubs = "No hub group defined for the enrollment.";
constexpr const char* kNoRule = "Unrecognized device registration.";

Decision rejected(const Rule* rule, std::string reason) {
  Decision out;
  out.rule = rule;
  out.reason = std::move(reason);
  return out;
}

// A template that could not be filled in refuses the device: better no hub than a wrong one.
Decision rejected(const Rule& rule, const RenderError& error) {
  return rejected(&rule, "Rule `" + rule.name + "` cannot decide: " + error.message + ".");
}

Decision refuse(const Rule& rule, const Refusal& refusal, const RenderContext& context) {
  auto text = refusal.text.render(context);
  if (const auto* error = std::get_if<RenderError>(&text)) return rejected(rule, *error);
  Decision out = rejected(&rule, std::get<std::string>(std::move(text)));
  out.outcome = refusal.outcome;
  return out;
}

void note(RuleTrace* trace, std::string text) {
  if (trace != nullptr) trace->notes.push_back(std::move(text));
}

// Nothing where no hub fits and the rule lets the next ones try.
std::optional<Decision> allocate(const Rule& rule, const Allocation& allocation,
                                 const std::vector<std::string_view>& linked_hubs,
                                 RenderContext context, RuleTrace* trace) {
  const Value& current = context.fields[FieldTable::kCurrentHub];
  const std::string_view current_hub =
      current.text() != nullptr ? *current.text() : std::string_view();
  auto choice = choose_hub(allocation.hub, linked_hubs, current_hub, context, trace != nullptr);
  if (const auto* error = std::get_if<RenderError>(&choice)) return rejected(rule, *error);
  ChosenHub& chosen = std::get<ChosenHub>(choice);
  if (!chosen.why.empty()) note(trace, std::move(chosen.why));
  if (trace != nullptr) {
    trace->hub_pattern = chosen.pattern;
    trace->no_hub = !chosen.host_name;
  }
  if (!chosen.host_name) {
    if (const auto* refusal = std::get_if<Refusal>(&allocation.on_no_hub))
      return refuse(rule, *refusal, context);
    note(trace, "no hub, so the rules go on (onNoHub: continue)");
    return std::nullopt;
  }

  context.hub = *chosen.host_name;
  Decision out;
  out.outcome = Outcome::Allocate;
  out.rule = &rule;
  out.hub = *chosen.host_name;
  if (allocation.initial_twin) {
    auto twin = render_twin(*allocation.initial_twin, context);
    if (const auto* error = std::get_if<RenderError>(&twin)) return rejected(rule, *error);
    out.initial_twin = std::get<std::optional<RenderedJson>>(std::move(twin));
  }
  if (allocation.payload) {
    auto payload = render_payload(*allocation.payload, context);
    if (const auto* error = std::get_if<RenderError>(&payload)) return rejected(rule, *error);
    out.payload = std::get<RenderedJson>(std::move(payload));
  }
  return out;
}

// Whether the rule's rollout takes the device.
bool is_in_rollout(const Rule& rule, std::string_view registration_id, RuleTrace* trace) {
  if (!rule.rollout) return true;
  const std::uint32_t position = rollout_position(rule.name, registration_id);
  if (trace != nullptr)
    trace->rollout = (rule.rollout->takes(position) ? "in it: " : "not in it: ") +
                     ("this device is at " + as_percentage(position)) +
                     ", the rule takes those below " + as_percentage(rule.rollout->millionths);
  return rule.rollout->takes(position);
}

// A certificate that cannot be read looks like none to the rules, but not to people.
void trace_certificate(std::string_view problem, std::vector<MatcherTrace>& matchers) {
  for (MatcherTrace& matcher : matchers) {
    if (matcher.field.starts_with("certificate.") && !matcher.present) matcher.why_absent = problem;
    trace_certificate(problem, matcher.parts);
  }
}

void trace_captures(const Rule& rule, const Captures& captures, RuleTrace& trace) {
  for (std::size_t i = 0; i < captures.size(); ++i)
    if (captures[i]) trace.captures.emplace_back(rule.variables[i], std::string(*captures[i]));
}

}  // namespace

Decision decide(const RuleSet& rules, const RequestValues& request, Moment now, Trace* trace) {
  if (!request.registration_id) return rejected(nullptr, kNoRegistrationId);
  if (!request.linked_hubs) return rejected(nullptr, kNoLinkedHubs);

  const FieldValues& fields = request.fields;
  Captures captures;
  // A trace tells of every rule.
  auto to_try = trace == nullptr ? rules.index().candidates(fields) : rules.index().all();
  while (const auto number = to_try.next()) {
    const Rule& rule = rules.rules()[*number];
    RuleTrace* entry = trace != nullptr ? &trace->emplace_back() : nullptr;
    captures.assign(rule.variables.size(), std::nullopt);
    const bool matched =
        rule.match.holds(fields, captures, entry != nullptr ? &entry->matchers : nullptr) &&
        is_in_rollout(rule, *request.registration_id, entry);
    if (entry != nullptr) {
      entry->rule = &rule;
      entry->matched = matched;
      trace_certificate(fields.certificate_problem(), entry->matchers);
      if (matched) trace_captures(rule, captures, *entry);
    }
    if (!matched) continue;

    const RenderContext context{fields, captures, now, {}};
    if (const auto* refusal = std::get_if<Refusal>(&rule.outcome))
      return refuse(rule, *refusal, context);
    if (auto decision = allocate(rule, std::get<Allocation>(rule.outcome), *request.linked_hubs,
                                 context, entry))
      return *std::move(decision);
  }
  return rejected(nullptr, kNoRule);
}

}  // namespace allocd
