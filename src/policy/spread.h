// `pick: spread`, compiled: what devices are spread by, and what each hub weighs.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/hub_pattern.h"
#include "policy/rendezvous.h"
#include "policy/rule_spec.h"
#include "policy/text_template.h"

namespace allocd {

// Immutable, safe to share between threads.
class Spread {
 public:
  // Reports a key that is the same for every device [constant-key], and what is wrong with
  // references and patterns.
  static Spread compile(const SpreadSpec& spec, const ReferenceScope& scope,
                        Diagnostics& diagnostics);

  // Whether some hub may get no device for what it weighs.
  bool may_weigh_nothing() const;

 private:
  friend class SpreadRequest;
  struct HubWeight {
    HubPattern pattern;
    Weight weight;
  };

  TextTemplate key_;
  std::vector<bool> folds_;  // by piece of the key: whether it is lower-cased
  std::vector<HubWeight> weights_;
};

// The same, filled in for one request. Valid as long as `spread`.
class SpreadRequest {
 public:
  static std::variant<SpreadRequest, RenderError> of(const Spread& spread,
                                                     const RenderContext& context);

  const std::string& key() const { return key_; }
  // The weight of the first pattern that fits, or 1.
  Weight weight_of(std::string_view host_name) const;

  // " by `dev-1`", and the weights of these hubs where the author wrote any: for people.
  std::string describe(const std::vector<std::string_view>& host_names) const;

 private:
  explicit SpreadRequest(const Spread& spread) : spread_(&spread) {}

  const Spread* spread_;
  std::string key_;
  std::vector<Glob> filled_;  // by weight; empty where all patterns are literal
  Glob no_glob_;
};

}  // namespace allocd
