#include "daemon/tls_files.h"

#include "rulefile/text_file.h"

namespace allocd {

std::optional<TlsMaterial> read_tls_files(const TlsFiles& files, Diagnostics& diagnostics) {
  TlsMaterial out;
  const std::size_t errors_before = diagnostics.errors();
  const auto read = [&](const std::string& path, const std::string& what, std::string& into) {
    std::string why;
    auto text = read_text_file(path, why);
    if (!text) {
      diagnostics.file_error(path, "unreadable-file", "cannot read the " + what + ": " + why);
    } else if (text->empty()) {
      diagnostics.file_error(path, "bad-certificate", "the " + what + " is empty");
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

}  // namespace allocd
