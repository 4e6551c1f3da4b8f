#include "rulefile/rule_reader.h"

#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "diagnostics/closest_match.h"
#include "rulefile/map_reader.h"
#include "rulefile/matcher_reader.h"
#include "rulefile/sample_reader.h"

namespace allocd {
namespace {

constexpr std::array<Outcome, 4> kRefusals = {Outcome::Reject, Outcome::Unauthorized,
                                              Outcome::NoHub, Outcome::RetryLater};

// The refusal among the keys of a map. Reports a second one.
std::optional<RefusalSpec> read_refusal(MapReader& map, Diagnostics& diagnostics) {
  std::optional<RefusalSpec> out;
  for (const Outcome outcome : kRefusals) {
    const std::string_view key = outcome_name(outcome);
    const LocatedValue* value = map.find(key);
    if (value == nullptr) continue;
    if (out) {
      diagnostics.error(
          map.key_of(key)->range, "several-outcomes",
          in_backticks(key) + " stands beside " + in_backticks(outcome_name(out->outcome)),
          "a rule has exactly one outcome");
      continue;
    }
    auto text = as_text(*value, in_backticks(key), diagnostics);
    // What is wrong with it is said; the rule still counts as having an outcome.
    out = RefusalSpec{outcome, text ? *text : Located<std::string>{"", value->range}};
  }
  return out;
}

PickSpec read_pick(const LocatedValue& value, Diagnostics& diagnostics) {
  if (const auto* index = std::get_if<std::int64_t>(&value.value); index != nullptr && *index >= 0)
    return {PickSpec::Kind::Index, static_cast<std::size_t>(*index)};
  if (value.is_text() && value.text() == "first") return {PickSpec::Kind::First, 0};
  if (value.is_text() && value.text() == "last") return {PickSpec::Kind::Last, 0};
  if (value.is_text() && value.text() == "spread") return {PickSpec::Kind::Spread, 0};
  // `1.0` is `1`.
  if (const auto* real = std::get_if<double>(&value.value);
      real != nullptr && *real >= 0 && *real < 1e9 && std::floor(*real) == *real)
    return {PickSpec::Kind::Index, static_cast<std::size_t>(*real)};
  const auto meant =
      value.is_text() ? closest_match(value.text(), {"first", "last", "spread"}) : std::nullopt;
  diagnostics.error(value.range, "bad-pick",
                    value.is_null() ? "`pick` has no value"
                                    : "`pick` cannot be " + in_backticks(value.range.text()),
                    meant ? "did you mean `" + *meant + "`?"
                          : "`first`, `last`, `spread`, or a number that counts from 0");
  return {};
}

std::optional<double> as_number(const LocatedValue& value) {
  if (const auto* real = std::get_if<double>(&value.value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value.value))
    return static_cast<double>(*whole);
  if (const auto* large = std::get_if<std::uint64_t>(&value.value))
    return static_cast<double>(*large);
  return std::nullopt;
}

std::vector<WeightSpec> read_weights(const LocatedValue& value, Diagnostics& diagnostics) {
  std::vector<WeightSpec> out;
  for (const LocatedMember& m : value.map()) {
    const std::string what = "the weight of " + in_backticks(m.key.value);
    const auto number = as_number(m.value);
    const auto weight = number ? Weight::of(*number) : std::nullopt;
    if (!number)
      diagnostics.error(m.value.range, "wrong-type",
                        what + " must be a number" + m.value.instead());
    else if (!weight)
      diagnostics.error(m.value.range, "out-of-range",
                        what + " cannot be " + in_backticks(m.value.range.text()),
                        "a weight is 0, which keeps new devices away, or from 0.001 to 1000000");
    out.push_back({m.key, weight.value_or(Weight{})});
  }
  return out;
}

// `spreadBy` and `weights`, which mean something beside `pick: spread` only.
void read_spread(MapReader& map, AllocateSpec& out, bool pick_is_known, Diagnostics& diagnostics) {
  if (auto by = map.text("spreadBy")) out.spread.by = std::move(*by);
  if (const LocatedValue* weights = map.map("weights"))
    out.spread.weights = read_weights(*weights, diagnostics);
  if (out.pick.kind == PickSpec::Kind::Spread || !pick_is_known) return;
  for (const char* key : {"spreadBy", "weights"})
    if (const Located<std::string>* written = map.key_of(key))
      diagnostics.error(written->range, "needs-spread",
                        in_backticks(key) + " means something beside `pick: spread` only",
                        map.key_of("pick") != nullptr ? "write `pick: spread`, or leave it out"
                                                      : "add `pick: spread`, or leave it out");
}

void read_hub(const LocatedValue& value, AllocateSpec& out, Diagnostics& diagnostics) {
  if (value.is_map()) {
    out.hub = read_operators(value, "hub", diagnostics);
    return;
  }
  std::vector<Located<std::string>> patterns;
  if (value.is_list()) {
    if (value.list().empty())
      diagnostics.error(value.range, "empty-list", "`hub` has no pattern in its list",
                        "write `\"*\"` for any linked hub");
    for (const LocatedValue& item : value.list())
      if (auto text = as_text(item, "a pattern under `hub`", diagnostics))
        patterns.push_back(std::move(*text));
  } else if (value.is_text()) {
    patterns.push_back({value.text(), value.range});
  } else {
    diagnostics.error(
        value.range, "wrong-type",
        "`hub` must be a pattern, a list of patterns, or a map of operators" + value.instead(),
        "for example `hub: \"*-toasters-*\"`");
  }
  out.hub = std::move(patterns);
}

void read_on_no_hub(const LocatedValue& value, AllocateSpec& out, Diagnostics& diagnostics) {
  if (value.is_text() && value.text() == "continue") {
    out.on_no_hub = ContinueSpec{value.range};
    return;
  }
  if (!value.is_map()) {
    diagnostics.error(value.range, "wrong-type",
                      "`onNoHub` must be `continue` or a map with an outcome" + value.instead(),
                      "for example `onNoHub: {reject: \"No hub for this device.\"}`");
    return;
  }
  MapReader map(value, "`onNoHub`", diagnostics);
  for (const char* misplaced : {"allocate", "continue"}) {
    const Located<std::string>* key = map.key_of(misplaced);
    if (key == nullptr) continue;
    const bool allocates = key->value == "allocate";
    diagnostics.error(key->range, "unknown-key",
                      in_backticks(key->value) + " is no outcome of `onNoHub`",
                      allocates ? "to allow other hubs, list their patterns in `hub`"
                                : "write `onNoHub: continue`");
    return;
  }
  if (auto refusal = read_refusal(map, diagnostics)) {
    out.on_no_hub = std::move(*refusal);
  } else {
    diagnostics.error(value.range, "missing-outcome", "`onNoHub` has no outcome",
                      "one of `reject`, `unauthorized`, `noHub`, `retryLater`, or `continue` in "
                      "place of the map");
  }
  map.finish();
}

AllocateSpec read_allocate(const LocatedValue& value, Diagnostics& diagnostics) {
  AllocateSpec out;
  out.range = value.range;
  out.hub = std::vector<Located<std::string>>{{"*", value.range}};
  MapReader map(value, "`allocate`", diagnostics);
  if (const LocatedValue* hub = map.find("hub")) read_hub(*hub, out, diagnostics);
  const std::size_t errors_before = diagnostics.errors();
  if (const LocatedValue* pick = map.find("pick")) out.pick = read_pick(*pick, diagnostics);
  read_spread(map, out, diagnostics.errors() == errors_before, diagnostics);
  if (const auto keep = map.boolean("keepCurrent")) out.keep_current = keep->value;
  if (const LocatedValue* twin = map.find("initialTwin"))
    out.initial_twin = read_twin(*twin, "`initialTwin`", true, diagnostics);
  if (const LocatedValue* payload = map.find("payload")) out.payload = *payload;
  if (const LocatedValue* on_no_hub = map.find("onNoHub"))
    read_on_no_hub(*on_no_hub, out, diagnostics);
  map.finish();
  return out;
}

std::optional<Share> read_rollout(const LocatedValue& value, Diagnostics& diagnostics) {
  constexpr const char* kForm = "a share is written `10%`, from `0%` to `100%`; `0.5%` is one, too";
  if (!value.is_text()) {
    diagnostics.error(value.range, "wrong-type", "`rollout` must be a percentage" + value.instead(),
                      kForm);
    return std::nullopt;
  }
  auto share = Share::parse(value.text());
  if (!share)
    diagnostics.error(value.range, "bad-rollout",
                      "`rollout` cannot be " + in_backticks(value.range.text()), kForm);
  return share;
}

void read_outcome(MapReader& map, RuleSpec& rule, Diagnostics& diagnostics) {
  const LocatedValue* allocate = map.find("allocate");
  auto refusal = read_refusal(map, diagnostics);
  if (allocate != nullptr && refusal) {
    diagnostics.error(
        map.key_of(outcome_name(refusal->outcome))->range, "several-outcomes",
        in_backticks(outcome_name(refusal->outcome)) + " stands beside `allocate`",
        "a rule has exactly one outcome; what to do when no hub fits stands in `onNoHub`");
  }
  if (allocate != nullptr) {
    rule.outcome = read_allocate(*allocate, diagnostics);
  } else if (refusal) {
    rule.outcome = std::move(*refusal);
  } else {
    diagnostics.error(
        rule.name.range, "missing-outcome",
        "rule " + in_backticks(rule.name.value) + " has no outcome",
        "add `allocate: {..}`, or `reject`, `unauthorized`, `noHub` or `retryLater` with a text");
  }
}

}  // namespace

TwinSpec read_twin(const LocatedValue& value, const std::string& what, bool may_name_template,
                   Diagnostics& diagnostics) {
  TwinSpec out;
  out.range = value.range;
  MapReader map(value, what, diagnostics);
  if (may_name_template) out.template_name = map.text("template");
  if (const LocatedValue* tags = map.find("tags")) out.tags = *tags;
  if (const Located<std::string>* key = map.key_of("desired")) {
    diagnostics.error(key->range, "unknown-key", "unknown key `desired` in " + what,
                      "write `properties: {desired: {..}}`");
    map.find("desired");
  }
  if (const LocatedValue* properties = map.map("properties")) {
    MapReader inner(*properties, "`properties`", diagnostics);
    if (const LocatedValue* desired = inner.find("desired")) out.desired = *desired;
    inner.finish();
  }
  map.finish();
  return out;
}

RuleSpec read_rule(const LocatedValue& value, const std::string& product_line,
                   Diagnostics& diagnostics) {
  RuleSpec rule;
  rule.product_line = product_line;
  rule.match.range = value.range;
  MapReader map(value, "rule", diagnostics);
  if (!map.is_map()) return rule;
  if (map.require("name") != nullptr)
    if (auto name = map.text("name")) rule.name = std::move(*name);
  if (rule.name.range.file == nullptr) {
    // A name that nobody gives, so that the rest of the rule is checked.
    rule.name = {"rule-at-" + std::to_string(value.range.begin), value.range};
  }
  if (auto description = map.text("description")) rule.description = std::move(description->value);
  if (const LocatedValue* match = map.find("match")) rule.match = read_match(*match, diagnostics);
  if (const LocatedValue* rollout = map.find("rollout"))
    rule.rollout = read_rollout(*rollout, diagnostics);
  read_outcome(map, rule, diagnostics);
  if (const LocatedValue* examples = map.list("examples"))
    for (const LocatedValue& example : examples->list())
      if (auto sample = read_sample(example, diagnostics))
        rule.examples.push_back({std::move(*sample), example.range});
  map.finish();
  return rule;
}

}  // namespace allocd
