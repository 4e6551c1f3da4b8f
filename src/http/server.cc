#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <variant>

#include <httplib.h>

#include "http/connection.h"
#include "http/listen.h"

namespace allocd {

namespace {

// Some of Stream's functions have other names in newer versions: `override` cannot stand there.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winconsistent-missing-override"
#endif

// A request line for cpp-httplib to read, and the answer that it writes. It gets to see nothing
// else: framing, limits and deadlines are Connection's, which it does not get right.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string input) : input_(std::move(input)) {}

  bool is_readable() const { return true; }    // not `override`: newer versions name
  bool wait_readable() const { return true; }  // these differently
  bool is_writable() const { return true; }
  bool wait_writable() const { return true; }
  time_t duration() const { return 0; }

  ssize_t read(char* to, std::size_t size) override {
    const std::size_t count = input_.copy(to, size, used_);
    used_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* from, std::size_t size) override {
    output_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // Any number below FD_SETSIZE: beyond it the library answers 500.
  socket_t socket() const override { return 0; }

  const std::string& output() const { return output_; }

 private:
  std::string input_;
  std::size_t used_ = 0;
  std::string output_;
};

#ifdef __clang__
#pragma clang diagnostic pop
#endif

// cpp-httplib as the reader of request lines and the writer of answers.
class Translator : private httplib::Server {
 public:
  Translator(HttpHandler handler, const HttpLimits& limits, const StopSignal& stop)
      : handler_(std::move(handler)), stop_(stop) {
    // What it tells clients of a connection's life; the ending is Impl's.
    set_keep_alive_timeout(limits.idle_seconds);
    set_keep_alive_max_count(1'000'000);
    // Every method and path comes here; routes are the handler's.
    set_pre_routing_handler([this](const httplib::Request& in, httplib::Response& out) {
      respond(in, out);
      return HandlerResponse::Handled;
    });
  }

  std::string answer(WireRequest request, bool close_connection) {
    MemoryStream stream(request.line + "\r\n\r\n");
    const auto set_body = [&](httplib::Request& in) { in.body = std::move(request.body); };
    process(*this, stream, close_connection, set_body);
    return stream.output();
  }

 private:
  // Debian 12's version has the short signature, Debian 13's the long one.
  template <typename Self>
  static void process(Self& self, MemoryStream& stream, bool close_connection,
                      const std::function<void(httplib::Request&)>& set_up) {
    bool closed = false;
    if constexpr (requires { self.process_request(stream, close_connection, closed, set_up); }) {
      self.process_request(stream, close_connection, closed, set_up);
    } else {
      self.process_request(stream, "", 0, "", 0, close_connection, closed, set_up);
    }
  }

  void respond(const httplib::Request& in, httplib::Response& out) const {
    HttpResponse response;
    try {
      HttpRequest request{in.method, in.path, "", in.body};
      if (const auto mark = in.target.find('?'); mark != std::string::npos)
        request.query = in.target.substr(mark + 1);
      response = handler_(request);
    } catch (...) {
      // What the exception says is nobody's business on the other side.
      response = {500, "text/plain", "internal error", {}};
    }
    out.status = response.status;
    out.set_content(response.body, response.content_type.c_str());
    for (const auto& [name, value] : response.headers) out.set_header(name.c_str(), value);
    // Raised while the handler was at it.
    if (stop_.raised()) out.set_header("Connection", "close");
  }

  HttpHandler handler_;
  const StopSignal& stop_;
};

std::string failure_answer(const WireFailure& failure) {
  const std::string reason = failure.status == 503 ? "Service Unavailable" : "Refused";
  return "HTTP/1.1 " + std::to_string(failure.status) + " " + reason +
         "\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
         std::to_string(failure.text.size()) + (failure.status == 503 ? "\r\nRetry-After: 1" : "") +
         "\r\n\r\n" + failure.text;
}

}  // namespace

// Threads that each accept a connection and stay with it until it ends.
class HttpServer::Impl {
 public:
  Impl(const std::string& address, const HttpLimits& limits, HttpHandler handler)
      : limits_(limits),
        stop_(limits.request_seconds),
        translator_(std::move(handler), limits, stop_),
        listener_(listen_on(address)) {
    const std::size_t cores = std::max(4U, std::thread::hardware_concurrency());
    const std::size_t count = limits.threads == 0 ? cores : limits.threads;
    free_ = static_cast<int>(count);
    try {
      for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
      stop();
      throw ListenError{std::string("cannot start threads: ") + error.what()};
    }
  }
  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::string& address() const { return listener_.address; }

  void stop() {
    const std::lock_guard lock(stopping_);
    if (stopped_) return;
    stopped_ = true;
    stop_.raise();
    for (std::thread& thread : threads_) thread.join();
    close(listener_.fd);
  }

 private:
  enum class After { Ended, MadeRoom };

  void work() {
    while (!stop_.raised()) {
      pollfd fds[] = {{listener_.fd, POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
      poll(fds, 2, -1);
      if (stop_.raised()) return;
      const int fd = accept4(listener_.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        --free_;
        if (serve(fd) == After::Ended) ++free_;
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        poll(&fds[1], 1, 50);  // nothing to accept it with: asking again at once would spin
      }
    }
  }

  After serve(int fd) {
    try {
      Connection connection(fd, limits_, stop_);
      while (true) {
        if (!connection.has_input()) {
          const Idle idle = wait_for_request(connection.fd());
          if (idle == Idle::MadeRoom) return After::MadeRoom;
          if (idle == Idle::Over) return After::Ended;
        }
        auto read = connection.read_request();
        if (const auto* failure = std::get_if<WireFailure>(&read)) {
          if (failure->status != 0 && connection.send_all(failure_answer(*failure)))
            connection.linger();
          return After::Ended;
        }
        auto& request = std::get<WireRequest>(read);
        const bool last = !request.keep_alive || stop_.raised();
        if (!connection.send_all(translator_.answer(std::move(request), last)) || last ||
            stop_.raised())
          return After::Ended;
      }
    } catch (const std::exception&) {
      return After::Ended;  // out of memory: this connection ends, the others go on
    }
  }

  enum class Idle { Request, Over, MadeRoom };
  static constexpr std::chrono::milliseconds kIdleBeforeGivingWay{100};

  Idle wait_for_request(int fd) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::seconds(limits_.idle_seconds);
    // Who has only just come, or been answered, is about to say something.
    auto gives_way_from = Clock::now() + kIdleBeforeGivingWay;
    while (true) {
      const auto now = Clock::now();
      if (now >= end) return Idle::Over;
      const bool gives_way = now >= gives_way_from;
      const auto until = gives_way ? end : std::min(end, gives_way_from);
      const auto millis = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
      pollfd fds[] = {{fd, POLLIN, 0}, {stop_.fd(), POLLIN, 0}, {listener_.fd, POLLIN, 0}};
      poll(fds, gives_way ? 3 : 2, static_cast<int>(std::min<std::int64_t>(millis, 60'000)));
      if (fds[0].revents != 0) return Idle::Request;
      if (stop_.raised()) return Idle::Over;
      if (fds[2].revents == 0) continue;
      // Somebody new while every thread has a connection: one that is idle gives way. The
      // exchange lets only one do so for each.
      int none = 0;
      if (free_.compare_exchange_strong(none, 1)) return Idle::MadeRoom;
      gives_way_from = now + kIdleBeforeGivingWay;
    }
  }

  const HttpLimits limits_;
  StopSignal stop_;
  Translator translator_;
  Listener listener_;
  std::atomic<int> free_ = 0;  // threads without a connection, or about to be
  std::vector<std::thread> threads_;
  std::mutex stopping_;
  bool stopped_ = false;
};

HttpServer::HttpServer(const std::string& address, const HttpLimits& limits, HttpHandler handler)
    : impl_(std::make_unique<Impl>(address, limits, std::move(handler))) {}

HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const { return impl_->address(); }

void HttpServer::stop() { impl_->stop(); }

}  // namespace allocd
