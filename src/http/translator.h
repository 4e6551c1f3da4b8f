// From a framed request to the one that handlers see.
#pragma once

#include <memory>
#include <optional>

#include "http/framer.h"
#include "http/server.h"

namespace allocd {

// Used by one thread at a time.
class Translator {
 public:
  // Both come to the same. Plain requests, nearly all, take the direct way; paths with escapes and
  // unusual methods are cpp-httplib's to read.
  enum class Way { Shortest, Library };

  Translator();
  ~Translator();
  Translator(const Translator&) = delete;
  Translator& operator=(const Translator&) = delete;

  // Nothing where the method is one that nobody knows.
  std::optional<HttpRequest> translate(WireRequest wire, Way way = Way::Shortest);

 private:
  class Library;
  std::unique_ptr<Library> library_;
};

}  // namespace allocd
