#include "daemon/set_manifest.h"

#include <algorithm>
#include <charconv>

#include <openssl/evp.h>

namespace allocd {
namespace {

constexpr std::string_view kHead = "allocd rule set 1\nrevision ";
constexpr std::string_view kHex = "0123456789abcdef";

// Takes a text apart from its front; once something does not fit, nothing more comes.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return left_.empty(); }
  bool takes(std::string_view expected) {
    if (!ok_ || !left_.starts_with(expected)) return false;
    left_.remove_prefix(expected.size());
    return true;
  }
  void expect(std::string_view expected) { ok_ = takes(expected); }
  std::string_view until(char end) {
    const std::size_t size = left_.find(end);
    if (size == std::string_view::npos) ok_ = false;
    const std::string_view out = bytes(size);
    expect(std::string_view(&end, 1));
    return out;
  }
  std::size_t number(char end) {
    const std::string_view digits = until(end);
    std::size_t out = 0;
    const auto [rest, error] = std::from_chars(digits.begin(), digits.end(), out);
    if (error != std::errc() || rest != digits.end()) ok_ = false;
    return out;
  }
  std::string_view bytes(std::size_t count) {
    if (!ok_ || count > left_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view out = left_.substr(0, count);
    left_.remove_prefix(count);
    return out;
  }

 private:
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace

std::string manifest_text(const SetManifest& manifest) {
  std::string out = std::string(kHead) + manifest.revision + '\n';
  for (const StoredFile& file : manifest.files)
    out += std::string(file.is_table ? "table " : "rules ") + file.checksum + ' ' +
           std::to_string(file.size) + ' ' + std::to_string(file.path.size()) + ' ' +
           std::to_string(file.name.size()) + '\n' + file.path + '\n' + file.name + '\n';
  return out;
}

std::optional<SetManifest> parse_manifest(std::string_view text) {
  SetManifest out;
  Reader reader(text);
  reader.expect(kHead);
  out.revision = reader.until('\n');
  while (reader.ok() && !reader.at_end()) {
    StoredFile file;
    file.is_table = reader.takes("table ");
    if (!file.is_table) reader.expect("rules ");
    file.checksum = reader.until(' ');
    file.size = reader.number(' ');
    const std::size_t path = reader.number(' ');
    const std::size_t name = reader.number('\n');
    file.path = reader.bytes(path);
    reader.expect("\n");
    file.name = reader.bytes(name);
    reader.expect("\n");
    out.files.push_back(std::move(file));
  }
  if (!reader.ok()) return std::nullopt;
  return out;
}

std::string checksum_of(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += kHex[digest[i] >> 4U];
    out += kHex[digest[i] & 15U];
  }
  return out;
}

bool is_checksum(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return kHex.find(c) != std::string_view::npos;
         });
}

}  // namespace allocd
