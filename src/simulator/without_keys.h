// Keeps devices' keys out of what is said about a file of enrollments.
#pragma once

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "policy/located_value.h"

namespace allocd {

// What was found in `file`, without the lines in which a key may stand: those of an attestation,
// unless it is one by certificate, and those that speak of keys elsewhere. `tree` is what the file
// says; null pointer where it is broken YAML.
Diagnostics without_keys(const Diagnostics& found, const SourceFile& file,
                         const LocatedValue* tree);

}  // namespace allocd
