// What rules can ask of the certificate that a device showed: `subject.CN`, `sha256`, `notAfter` …
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct x509_st;

namespace allocd {

// The names of what can be asked. A field is known by its place in this list.
const std::vector<std::string_view>& certificate_fields();
std::optional<std::size_t> certificate_field(std::string_view name);
// Whether its values are hexadecimal, so that letter case does not count.
bool is_hexadecimal(std::size_t certificate_field);

class Certificate {
 public:
  // From base64 of DER, as DPS sends it, or PEM, of which the first certificate counts. White space
  // in the base64 does not count. Nothing for everything else, whatever it is.
  static std::optional<Certificate> parse(std::string_view text);
  // From DER as it is, with nothing behind it.
  static std::optional<Certificate> from_der(std::string der);

  // Nothing where the certificate does not say. Of several, as with OU, the last one: in DER names
  // go from the general to the particular.
  std::optional<std::string> value(std::size_t certificate_field) const;

  const std::string& der() const { return der_; }
  // As OpenSSL has read it; lives as long as this one.
  x509_st* parsed() const { return parsed_.get(); }

 private:
  struct Free {
    void operator()(x509_st* certificate) const;
  };
  Certificate(std::string der, x509_st* parsed) : der_(std::move(der)), parsed_(parsed) {}

  std::string der_;
  std::unique_ptr<x509_st, Free> parsed_;
};

}  // namespace allocd
