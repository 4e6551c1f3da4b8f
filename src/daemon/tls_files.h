// Certificate and key of the webhook, from the files that the settings name.
#pragma once

#include <optional>

#include "daemon/config.h"
#include "diagnostics/diagnostic.h"
#include "http/tls.h"

namespace allocd {

// What is in the files. A file that cannot be read is reported [unreadable-file], and then nothing
// comes back. Whether it can be used is for TlsContext to say.
std::optional<TlsMaterial> read_tls_files(const TlsFiles& files, Diagnostics& diagnostics);

}  // namespace allocd
