// `allocate`, compiled: which linked hub a device gets, and what goes with it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/decision.h"
#include "policy/hub_pattern.h"
#include "policy/matcher.h"
#include "policy/spread.h"
#include "policy/text_template.h"
#include "policy/value_template.h"

namespace allocd {

// A refusal as a rule words it.
struct Refusal {
  Outcome outcome = Outcome::Reject;  // never Allocate
  TextTemplate text;
};

// `onNoHub: continue`: the rules go on as if this one had not matched.
struct ContinueWithNextRule {};

// An initial twin of which some parts may have to be filled in.
struct TwinTemplate {
  ValueTemplate tags;
  ValueTemplate desired;
  // In place of both, the whole as it goes out, where nothing in it needs a request; empty where
  // nothing does.
  std::optional<std::string> literal;
};

// What is handed to the device.
struct PayloadTemplate {
  ValueTemplate value;
  std::optional<std::string> literal;
};

// Fills in `literal`. What is literal is within the limits: judged before.
void prepare(TwinTemplate& twin);
void prepare(PayloadTemplate& payload);

// Which of the linked hubs.
struct HubChoice {
  // Patterns in order of preference: the first that any linked hub fits gives the candidates. Or
  // operators on a hub's name.
  std::variant<std::vector<HubPattern>, Operators> hub;
  PickSpec pick;
  std::optional<Spread> spread;  // of PickSpec::Kind::Spread
  bool keep_current = false;
  std::string text;  // the patterns as written, for messages
};

struct Allocation {
  HubChoice hub;
  std::optional<TwinTemplate> initial_twin;
  std::optional<PayloadTemplate> payload;
  std::variant<Refusal, ContinueWithNextRule> on_no_hub;
};

// What came of a choice: an element of `linked_hubs`, or none that fits.
struct ChosenHub {
  std::optional<std::string_view> host_name;  // nothing: no linked hub fits
  std::string why;                            // in words, where `explain` asked for it
  std::optional<std::size_t> pattern;         // the number of the one that gave the candidates
};

// `linked_hubs` keep DPS's order; `current_hub` may be empty.
std::variant<ChosenHub, RenderError> choose_hub(const HubChoice& choice,
                                                const std::vector<std::string_view>& linked_hubs,
                                                std::string_view current_hub,
                                                const RenderContext& context, bool explain);

// The twin with the members `properties.desired` and `tags` where they are not empty; nothing where
// both are. A part that is no object, or beyond IoT Hub's limits, is an error. Valid as long as
// `twin`.
std::variant<std::optional<RenderedJson>, RenderError> render_twin(const TwinTemplate& twin,
                                                                   const RenderContext& context);

// The object to hand to the device; anything else is an error. Valid as long as `payload`.
std::variant<RenderedJson, RenderError> render_payload(const PayloadTemplate& payload,
                                                       const RenderContext& context);

}  // namespace allocd
