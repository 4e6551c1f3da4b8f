#include "daemon/in_force.h"

#include <utility>

#include "daemon/key_files.h"
#include "daemon/tls_files.h"

namespace allocd {

std::unique_ptr<InForce> InForce::load(const Config& config,
                                       std::shared_ptr<const RulesInForce> rules,
                                       Diagnostics& diagnostics) {
  auto keys = load_webhook_keys(config.webhook_key_files, diagnostics);
  std::unique_ptr<InForce> out(new InForce(config, std::move(rules), keys));
  const bool has_tls = out->renew_tls(diagnostics);
  return keys != nullptr && has_tls ? std::move(out) : nullptr;
}

// An unchanged certificate stays as it is, and with it the sessions that clients can resume.
bool InForce::renew_tls(Diagnostics& diagnostics) {
  if (!config_.tls) return true;
  auto material = read_tls_files(*config_.tls, diagnostics);
  if (!material) return false;
  if (tls_ && *material == tls_material_) return true;
  try {
    tls_ ? tls_->replace(*material) : void(tls_ = std::make_unique<TlsContext>(*material));
  } catch (const TlsError& error) {
    diagnostics.file_error(config_.tls->certificate, "bad-certificate", error.message);
    return false;
  }
  tls_material_ = std::move(*material);
  return true;
}

bool InForce::replace(std::shared_ptr<const RulesInForce> rules, Diagnostics& diagnostics) {
  auto keys = load_webhook_keys(config_.webhook_key_files, diagnostics);
  // INVARIANT: nothing is replaced before all that can fail is done, the certificate last of it.
  if (!keys || !renew_tls(diagnostics)) return false;
  rules_.replace(std::move(rules));
  keys_.replace(std::move(keys));
  return true;
}

}  // namespace allocd
