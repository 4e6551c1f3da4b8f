// How devices prove with a certificate who they are.
// https://learn.microsoft.com/azure/iot-dps/concepts-x509-attestation
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/located_value.h"

namespace allocd {

// What a device showed in the TLS handshake: DER, its own certificate first.
using CertificateChain = std::vector<std::string>;

// The first certificate of a PEM text as DER; empty where there is none, or a broken one.
std::string pem_certificate_der(std::string_view pem);

// Whether a certificate (DER) may sign others: an authority by its basicConstraints, and by its
// keyUsage where it has one.
bool is_authority(std::string_view der);

// Of a certificate (DER), the way the service's API writes it: X509CertificateInfo. Nothing for
// what is no certificate.
std::optional<Json> certificate_info(std::string_view der);

// These say why a device is not who it says, as the end of a sentence for people that begins "the
// certificate ...", or nothing where it is. They never throw on any bytes.

// By the certificate (DER) alone: its common name, the last one of several, is the registration ID,
// whatever the letters' case.
std::optional<std::string> why_not_called(std::string_view der, std::string_view registration_id);

// By an individual enrollment: the device's certificate is the very one that `enrolled` (PEM) is,
// and within its dates; and its common name as above.
std::optional<std::string> why_not_same(const CertificateChain& shown, std::string_view enrolled,
                                        std::string_view registration_id,
                                        std::chrono::system_clock::time_point now);

// By a group: a chain leads from the device's certificate, over those that came along, to `signer`
// (PEM, a root or not), one that is allowed to sign above each, all within their dates; the
// device's is for TLS clients, where it says what it is for; and its common name as above.
std::optional<std::string> why_not_signed(const CertificateChain& shown, std::string_view signer,
                                          std::string_view registration_id,
                                          std::chrono::system_clock::time_point now);

}  // namespace allocd
