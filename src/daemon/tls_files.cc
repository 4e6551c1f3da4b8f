#include "daemon/tls_files.h"

#include "rulefile/text_file.h"

namespace allocd {

namespace {

Diagnostic about(const std::string& path, std::string code, std::string message) {
  return {Severity::Error, std::move(code), std::move(message), "", path, 0, 0, 0, {}};
}

}  // namespace

std::optional<TlsMaterial> read_tls_files(const TlsFiles& files, Diagnostics& diagnostics) {
  TlsMaterial out;
  const std::size_t errors_before = diagnostics.errors();
  const auto read = [&](const std::string& path, const std::string& what, std::string& into) {
    std::string why;
    auto text = read_text_file(path, why);
    if (!text) {
      diagnostics.add(about(path, "unreadable-file", "cannot read the " + what + ": " + why));
    } else if (text->empty()) {
      diagnostics.add(about(path, "bad-certificate", "the " + what + " is empty"));
    } else {
      into = std::move(*text);
    }
  };
  read(files.certificate, "certificate", out.certificate);
  read(files.key, "key of the certificate", out.key);
  if (!files.client_ca.empty())
    read(files.client_ca, "certificates of client authorities", out.client_ca);
  if (diagnostics.errors() > errors_before) return std::nullopt;
  return out;
}

Diagnostic as_diagnostic(const TlsError& error, const TlsFiles& files) {
  return about(files.certificate, "bad-certificate", error.message);
}

}  // namespace allocd
