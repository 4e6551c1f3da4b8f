// What the daemon serves with and can take anew while it serves: rules, keys, certificate.
#pragma once

#include <memory>
#include <optional>

#include "daemon/config.h"
#include "daemon/rule_store.h"
#include "daemon/webhook_keys.h"
#include "diagnostics/diagnostic.h"
#include "http/tls.h"

namespace allocd {

class InForce {
 public:
  // Nothing where a file of keys or certificates is of no use, which `diagnostics` tells.
  // `config` must outlive what comes back.
  static std::unique_ptr<InForce> load(const Config& config,
                                       std::shared_ptr<const RulesInForce> rules,
                                       Diagnostics& diagnostics);

  // Reads the webhook's keys again, and brings them into force with the certificate, which is read
  // again too, and with `rules`. All of it, or, where anything is wrong, nothing: false then. Not
  // for several threads at once; those who serve go on.
  bool replace(std::shared_ptr<const RulesInForce> rules, Diagnostics& diagnostics);

  const RuleStore& rules() const { return rules_; }
  const WebhookKeyStore& keys() const { return keys_; }
  const TlsContext* tls() const { return tls_.get(); }  // null: none

 private:
  InForce(const Config& config, std::shared_ptr<const RulesInForce> rules,
          std::shared_ptr<const WebhookKeys> keys)
      : config_(config), rules_(std::move(rules)), keys_(std::move(keys)) {}

  bool renew_tls(Diagnostics& diagnostics);

  const Config& config_;
  RuleStore rules_;
  WebhookKeyStore keys_;
  TlsMaterial tls_material_;
  std::unique_ptr<TlsContext> tls_;
};

}  // namespace allocd
