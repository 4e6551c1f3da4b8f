// What a stored rule set consists of, and how to tell that it is what was stored.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace allocd {

struct StoredFile {
  bool is_table = false;
  std::string path;  // where it was read, as it was then
  std::string name;  // within its set
  std::size_t size = 0;
  std::string checksum;  // SHA-256, 64 hex digits

  bool operator==(const StoredFile&) const = default;
};

struct SetManifest {
  std::string revision;
  std::vector<StoredFile> files;  // in their order

  bool operator==(const SetManifest&) const = default;
};

// A text for a file; people can read it, whatever bytes paths consist of.
std::string manifest_text(const SetManifest& manifest);

// What such a text says; nothing where it is none, or one of a later version of allocd.
std::optional<SetManifest> parse_manifest(std::string_view text);

// SHA-256 as 64 hex digits.
std::string checksum_of(std::string_view bytes);

// Whether a text could be a checksum.
bool is_checksum(std::string_view text);

}  // namespace allocd
