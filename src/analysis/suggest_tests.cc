#include "analysis/suggest_tests.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "analysis/made_sample.h"
#include "analysis/made_up_hubs.h"
#include "analysis/near_miss.h"
#include "policy/field.h"
#include "policy/lookup_table.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

constexpr int kMaxFilled = 8;               // fields that a rule's texts need, filled in
constexpr std::size_t kMaxSingleHubs = 8;   // linked hubs that are tried alone
constexpr std::size_t kMaxTableKeys = 200;  // of a lookup's rows that are tried for one rule
constexpr std::size_t kMaxAllKeys = 10000;  // for all rules together

// What a request is made of.
struct Base {
  std::string id;
  MadeFields fields;
  bool bare = false;                     // without the enrollment, where nothing is said about it
  const SampleRequest* given = nullptr;  // somebody wrote it; only the ID is ours
};

// A request that reaches a rule.
struct Draft {
  Base base;
  SampleRequest request;
  Decision decision;
};

std::optional<SampleRequest> request_of(const Base& base) {
  if (base.given != nullptr) {
    if (!base.fields.empty()) return std::nullopt;
    SampleRequest out = *base.given;
    out.registration_id = base.id;
    return out;
  }
  auto body = made_body(base.id, base.fields);
  if (!body) return std::nullopt;
  if (base.bare && body->contains("enrollmentGroup") &&
      (*body)["enrollmentGroup"] == Json{{"enrollmentGroupId", "group"}})
    body->erase("enrollmentGroup");
  return sample_of(*body);
}

// Field names that a reason has in backticks: what a template lacks is named there.
std::vector<std::string> fields_named_in(const std::string& reason) {
  std::vector<std::string> out;
  for (std::size_t begin = reason.find('`'); begin != std::string::npos;) {
    const std::size_t end = reason.find('`', begin + 1);
    if (end == std::string::npos) break;
    std::string name = reason.substr(begin + 1, end - begin - 1);
    if (std::holds_alternative<Field>(parse_field(name))) out.push_back(std::move(name));
    begin = reason.find('`', end + 1);
  }
  return out;
}

bool names(const std::string& reason, const std::string& field) {
  return reason.find('`' + field + '`') != std::string::npos;
}

class Suggester {
 public:
  Suggester(const RuleSet& rules, const RuleSetSpec& spec, const Reachability& reach,
            const SuggestionOptions& options)
      : rules_(rules), spec_(spec), reach_(reach), options_(options) {}

  SuggestedTests run(const std::vector<std::size_t>& wanted) {
    SuggestedTests out;
    std::vector<std::pair<std::size_t, std::optional<Draft>>> drafts;
    std::size_t good = 0;
    for (const std::size_t rule : wanted) {
      if (good == options_.rules) break;
      drafts.emplace_back(rule, draft(rule));
      if (drafts.back().second) ++good;
    }
    out.left_out = wanted.size() - drafts.size();
    out.linked_hubs = options_.linked_hubs;
    if (options_.linked_hubs.empty())
      for (const auto& [rule, draft] : drafts)
        if (draft) add_hubs(draft->request.linked_hubs, out.linked_hubs);
    if (out.linked_hubs.empty()) out.linked_hubs = {"some-hub.azure-devices.net"};
    for (auto& [rule, draft] : drafts) {
      out.rules.push_back({.rule = rule, .tests = {}, .why_not = {}});
      if (draft) {
        out.rules.back().tests = tests_of(rule, *std::move(draft), out.linked_hubs);
      } else {
        out.rules.back().why_not = why_not(rule);
      }
    }
    return out;
  }

 private:
  const Rule& rule(std::size_t number) const { return rules_.rules()[number]; }

  Answer ask(const SampleRequest& request) const {
    return answer(rules_, request_body(request).dump(), Moment());
  }
  bool decides(std::size_t number, const Decision& decision) const {
    return decision.rule == &rule(number);
  }
  // Whether the rule says what it is there for.
  bool is_good(std::size_t number, const Decision& decision) const {
    return decides(number, decision) && (decision.outcome == Outcome::Allocate ||
                                         std::holds_alternative<Refusal>(rule(number).outcome));
  }

  static void add_hubs(const std::vector<std::string>& hubs, std::vector<std::string>& out) {
    for (const std::string& hub : hubs)
      if (std::find(out.begin(), out.end(), hub) == out.end()) out.push_back(hub);
  }

  std::optional<Draft> draft(std::size_t number) {
    std::optional<Draft> best;
    for (Base& base : bases(number)) {
      auto made = filled_in(number, std::move(base));
      if (made && is_good(number, made->decision)) return made;
      if (made && !best) best = std::move(made);
    }
    return best;
  }

  // Where a request that reaches the rule may come from: the analysis, then the rule's examples,
  // then the tables, which may know the device.
  std::vector<Base> bases(std::size_t number) {
    std::vector<Base> out;
    const RuleReach& reach = reach_.rules[number];
    if (reach.status == RuleReach::Status::Reachable)
      for (const bool bare : {true, false})
        out.push_back({reach.registration_id, reach.fields, bare, nullptr});
    for (const auto& example : spec_.rules[number].examples)
      out.push_back({example.value.registration_id, {}, false, &example.value});
    if (reach.status != RuleReach::Status::NotAnalysed) return out;
    for (const LookupSpec& lookup : spec_.lookups) {
      if (!lookup.rows || lookup.key.value.find("registrationId") == std::string::npos) continue;
      const auto rows = std::min({lookup.rows->rows(), kMaxTableKeys, keys_left_});
      keys_left_ -= rows;
      for (LookupTable::Row row = 0; row < rows; ++row)
        out.push_back({std::string(lookup.rows->key(row)), {}, true, nullptr});
    }
    return out;
  }

  // With fields that the rule's texts and patterns speak of and that nobody made sure of.
  std::optional<Draft> filled_in(std::size_t number, Base base) const {
    auto best = with_hubs(number, std::move(base));
    if (best) best = with_texts(number, *std::move(best));
    for (int i = 0; best && best->base.given == nullptr && i < kMaxFilled; ++i) {
      auto more = with_one_field_more(number, *best);
      if (!more) break;
      best = std::move(more);
    }
    return best;
  }

  // Where an empty object will do, a text mostly does, and is what people expect.
  Draft with_texts(std::size_t number, Draft draft) const {
    for (const auto& [field, value] : MadeFields(draft.base.fields)) {
      if (value != Json::object()) continue;
      Base base = draft.base;
      base.fields[field] = "some";
      auto other = with_hubs(number, std::move(base));
      if (other && other->decision.outcome == draft.decision.outcome) draft = *std::move(other);
    }
    return draft;
  }

  std::optional<Draft> with_one_field_more(std::size_t number, const Draft& draft) const {
    for (const std::string& field : fields_named_in(draft.decision.reason)) {
      if (draft.base.fields.contains(field)) continue;
      for (const Json& value : {Json("some"), Json(1), Json("1"), Json::object(), Json(true)}) {
        Base base = draft.base;
        base.fields[field] = value;
        auto more = with_hubs(number, std::move(base));
        if (more && !names(more->decision.reason, field)) return more;
      }
    }
    return std::nullopt;
  }

  // With hubs for which the rule decides, at best those that it wants: all, one, or none at all, so
  // that rules before it that wait for a hub step aside.
  std::optional<Draft> with_hubs(std::size_t number, Base base) const {
    auto request = request_of(base);
    if (!request) return std::nullopt;
    const std::vector<std::string> hubs =
        options_.linked_hubs.empty()
            ? made_up_hubs_of(rules_, rule(number), sample_allocation_request(*request))
            : options_.linked_hubs;
    std::vector<std::vector<std::string>> ways = {hubs};
    for (std::size_t i = 0; hubs.size() > 1 && i < std::min(hubs.size(), kMaxSingleHubs); ++i)
      ways.push_back({hubs[i]});
    ways.emplace_back();
    std::optional<Draft> best;
    for (std::vector<std::string>& way : ways) {
      request->linked_hubs = std::move(way);
      const Answer said = ask(*request);
      if (!decides(number, said.decision)) continue;
      const bool good = is_good(number, said.decision);
      if (good || !best) best = Draft{base, *request, said.decision};
      if (good) break;
    }
    return best;
  }

  std::vector<SuggestedTest> tests_of(std::size_t number, Draft draft,
                                      const std::vector<std::string>& common_hubs) {
    SampleRequest& request = draft.request;
    // The hubs of all, unless that makes a difference.
    std::vector<std::string> own_hubs = std::exchange(request.linked_hubs, common_hubs);
    const Answer with_common = ask(request);
    if (!decides(number, with_common.decision) ||
        with_common.decision.outcome != draft.decision.outcome)
      request.linked_hubs = std::move(own_hubs);
    std::vector<SuggestedTest> out;
    const std::string& name = rule(number).name;
    out.push_back({new_name(name), request, expectation_of(request)});
    for_each_change(rules_, number, draft.base.id, draft.base.fields,
                    [&](const ChangedRequest& change) {
                      Base base = draft.base;
                      base.id = change.registration_id;
                      base.fields = change.fields;
                      auto changed = request_of(base);
                      if (!changed) return false;
                      changed->linked_hubs = request.linked_hubs;
                      if (!is_miss(number, *changed)) return false;
                      out.push_back({new_name("not quite " + name + ": " + change.change), *changed,
                                     expectation_of(*changed)});
                      return true;
                    });
    return out;
  }

  bool is_miss(std::size_t number, const SampleRequest& request) const {
    if (decides(number, ask(request).decision)) return false;
    if (!rule(number).rollout) return true;
    // That it has no part in a rollout says nothing about its matchers.
    Captures captures(rule(number).variables.size());
    return !rule(number).match.holds(rules_.fields().read(sample_allocation_request(request)),
                                     captures);
  }

  // What two moments agree about.
  Expectation expectation_of(const SampleRequest& request) const {
    const Answer said = ask(request);
    const Answer now = answer(rules_, request_body(request).dump(), options_.now);
    const Decision& decision = said.decision;
    Expectation out;
    out.rule = decision.rule != nullptr ? Json(decision.rule->name) : Json(nullptr);
    if (now.reply.status != said.reply.status) return out;
    out.status = said.reply.status;
    if (decision.outcome == Outcome::Allocate) {
      if (now.decision.hub == decision.hub) out.hub = decision.hub;
    } else if (now.decision.reason == decision.reason) {
      out.reason = decision.reason;
    }
    return out;
  }

  std::string new_name(const std::string& wanted) {
    std::string out = wanted;
    for (int i = 2; !names_.insert(out).second; ++i) out = wanted + " (" + std::to_string(i) + ')';
    return out;
  }

  std::string why_not(std::size_t number) const {
    const RuleReach& reach = reach_.rules[number];
    switch (reach.status) {
      case RuleReach::Status::NotAnalysed: return reach.why;
      case RuleReach::Status::Unreachable: {
        if (reach.covered_by.empty()) return "no valid registration ID holds its matchers";
        std::string out = "it can never decide, its registration IDs are taken by";
        for (const std::size_t other : reach.covered_by)
          out += (other == reach.covered_by.front() ? " " : ", ") + in_backticks(rule(other).name);
        return out;
      }
      case RuleReach::Status::Reachable: break;
    }
    const Base whole{reach.registration_id, reach.fields, false, nullptr};
    if (!request_of(whole)) return "its request has members that only a `requestFile` can hold";
    return "no linked hubs were found with which it decides";
  }

  const RuleSet& rules_;
  const RuleSetSpec& spec_;
  const Reachability& reach_;
  const SuggestionOptions& options_;
  std::set<std::string> names_;
  std::size_t keys_left_ = kMaxAllKeys;
};

}  // namespace

SuggestedTests suggest_tests(const RuleSet& rules, const RuleSetSpec& spec,
                             const Reachability& reach, const std::vector<std::size_t>& wanted,
                             const SuggestionOptions& options) {
  return Suggester(rules, spec, reach, options).run(wanted);
}

}  // namespace allocd
