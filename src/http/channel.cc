#include "http/channel.h"

#include <algorithm>
#include <climits>
#include <new>
#include <sys/epoll.h>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace allocd {

namespace {

// OpenSSL's own way to a socket raises SIGPIPE when the peer has gone, and asks the system where
// we know that there is nothing.

int read_socket(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  auto& socket = *static_cast<Socket*>(BIO_get_data(bio));
  const Transfer got = socket.receive({into, static_cast<std::size_t>(size)});
  if (got.is_some()) return static_cast<int>(got.bytes);
  if (got.has_ended()) return 0;
  BIO_set_retry_read(bio);
  return -1;
}

int write_socket(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  auto& socket = *static_cast<Socket*>(BIO_get_data(bio));
  const Transfer sent = socket.send({from, static_cast<std::size_t>(size)});
  if (sent.is_some()) return static_cast<int>(sent.bytes);
  if (!sent.has_ended()) BIO_set_retry_write(bio);
  return -1;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "allocd socket");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

}  // namespace

Channel::Channel(int fd, Ssl ssl) : socket_(fd), ssl_(std::move(ssl)), open_(ssl_ == nullptr) {
  if (!ssl_) return;
  BIO* bio = BIO_new(socket_method());
  if (bio == nullptr) return;  // out of memory: the first attempt to receive ends it
  BIO_set_data(bio, &socket_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

Channel::~Channel() { close(); }

void Channel::notice(std::uint32_t events) {
  socket_.notice(events);
  if ((events & EPOLLOUT) != 0 && std::exchange(waits_to_write_, false)) more_ = true;
}

bool Channel::is_finished() const {
  if (!ssl_) return socket_.is_finished();
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

// What SSL_read or SSL_write came to.
Transfer Channel::outcome(int result) {
  if (result > 0) return {Transfer::Result::Some, static_cast<std::size_t>(result)};
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    waits_to_write_ = error == SSL_ERROR_WANT_WRITE;
    return {Transfer::Result::Blocked, 0};
  }
  // After that the library must not be asked to say goodbye.
  broken_ = error != SSL_ERROR_ZERO_RETURN;
  ERR_clear_error();
  return {Transfer::Result::Ended, 0};
}

Transfer Channel::receive(std::span<char> into) {
  if (!ssl_) return socket_.receive(into);
  ERR_clear_error();  // of whoever used the library on this thread before
  const auto size = static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX));
  const Transfer got = outcome(SSL_read(ssl_.get(), into.data(), size));
  more_ = got.is_some() && SSL_has_pending(ssl_.get()) != 0;
  if (!open_ && SSL_is_init_finished(ssl_.get()) != 0) {
    open_ = true;
    if (SSL_is_server(ssl_.get()) != 0) client_certificates_ = shown_certificates(*ssl_);
  }
  return got;
}

Transfer Channel::send(std::string_view bytes) {
  if (!ssl_) return socket_.send(bytes);
  ERR_clear_error();
  const auto size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
  return outcome(SSL_write(ssl_.get(), bytes.data(), size));
}

// Without it the peer cannot tell the end of what we say from a cut (RFC 8446, 6.1).
void Channel::say_goodbye() {
  if (!ssl_ || !open_ || std::exchange(broken_, true)) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void Channel::finish_sending() {
  say_goodbye();
  more_ = false;
  socket_.finish_sending();
}

void Channel::close() {
  if (fd() >= 0) say_goodbye();
  socket_.close();
}

}  // namespace allocd
