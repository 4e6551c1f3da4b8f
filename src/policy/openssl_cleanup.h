// Cleaning up behind OpenSSL: what it made is freed, its errors are forgotten.
#pragma once

#include <memory>

#include <openssl/err.h>

namespace allocd {

// `Owned<X509, X509_free>`.
template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

// OpenSSL leaves its errors in a queue of the thread, where a TLS connection would find them. Those
// that come up while one of these lives are gone at its end.
class ErrorsForgotten {
 public:
  ErrorsForgotten() { ERR_set_mark(); }
  ~ErrorsForgotten() { ERR_pop_to_mark(); }
  ErrorsForgotten(const ErrorsForgotten&) = delete;
  ErrorsForgotten& operator=(const ErrorsForgotten&) = delete;
};

}  // namespace allocd
