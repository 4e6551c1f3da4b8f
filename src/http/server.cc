#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

#include "http/acceptor.h"
#include "http/event_loop.h"
#include "http/listen.h"
#include "http/occupancy.h"
#include "http/pulse.h"

namespace allocd {

namespace {

// A listening socket that closes with its owner. Closes only: whoever gave it to us may go on with
// it, which shutting it down would end for them, too.
class OpenListener {
 public:
  explicit OpenListener(const HttpEndpoint& endpoint) : listener_(listen_on(endpoint)) {}
  ~OpenListener() { end(); }
  OpenListener(const OpenListener&) = delete;
  OpenListener& operator=(const OpenListener&) = delete;

  int fd() const { return listener_.fd; }
  const std::string& address() const { return listener_.address; }
  bool is_shared() const { return listener_.is_shared; }
  void end() {
    if (listener_.fd < 0) return;
    if (!listener_.path.empty()) unlink(listener_.path.c_str());
    close(listener_.fd);
    listener_.fd = -1;
  }

 private:
  Listener listener_;
};

constexpr auto kWhenever = std::chrono::steady_clock::time_point::max();

std::size_t thread_count(const HttpLimits& limits) {
  return limits.threads > 0 ? limits.threads : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

// One thread that accepts, and those with the connections.
class HttpServer::Impl {
 public:
  Impl(const HttpEndpoint& endpoint, const HttpLimits& limits, HttpHandler handler)
      : limits_(limits),
        handler_(std::move(handler)),
        listener_(endpoint),
        occupancy_(limits_.connections, thread_count(limits_)) {
    const std::size_t threads = thread_count(limits_);
    try {
      for (std::size_t i = 0; i < threads; ++i)
        loops_.push_back(
            std::make_unique<EventLoop>(limits_, handler_, endpoint.tls, stopping_, occupancy_, i));
      acceptor_ = std::make_unique<Acceptor>(listener_.fd(), listener_.is_shared(), limits_,
                                             stopping_, occupancy_, loops_);
      for (const auto& loop : loops_) threads_.emplace_back([&loop] { loop->run(); });
      accepting_ = std::thread([this] { acceptor_->run(); });
    } catch (const std::system_error& error) {
      stop(kWhenever);
      throw ListenError{std::string("cannot start to serve: ") + error.what()};
    }
  }
  ~Impl() { stop(kWhenever); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::string& address() const { return listener_.address(); }

  std::map<int, std::uint64_t> answers() const {
    std::map<int, std::uint64_t> totals;
    for (const auto& loop : loops_) loop->answered().add_to(totals);
    return totals;
  }

  std::size_t connections() const { return occupancy_.count(); }

  bool is_alive(std::chrono::milliseconds patience) {
    const auto deadline = Pulse::Clock::now() + patience;
    std::vector<std::uint64_t> asked;  // all at once, so that they do not wait for one another
    for (const auto& loop : loops_) asked.push_back(loop->ask_for_beat());
    const std::uint64_t asked_acceptor = acceptor_->ask_for_beat();
    for (std::size_t i = 0; i < loops_.size(); ++i)
      if (!loops_[i]->pulse().came(asked[i], deadline)) return false;
    return acceptor_->pulse().came(asked_acceptor, deadline);
  }

  void stop(std::chrono::steady_clock::time_point by) {
    const std::lock_guard lock(stop_mutex_);
    stopping_ = true;
    // The acceptor first: a loop ends when nobody brings it connections any more.
    if (accepting_.joinable()) {
      acceptor_->wake();
      accepting_.join();
    }
    listener_.end();
    for (const auto& loop : loops_) loop->finish(by);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  const HttpLimits limits_;
  const HttpHandler handler_;
  std::atomic<bool> stopping_ = false;
  OpenListener listener_;
  Occupancy occupancy_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::unique_ptr<Acceptor> acceptor_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
  std::mutex stop_mutex_;
};

HttpServer::HttpServer(const HttpEndpoint& endpoint, const HttpLimits& limits, HttpHandler handler)
    : impl_(std::make_unique<Impl>(endpoint, limits, std::move(handler))) {}

HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const { return impl_->address(); }

std::map<int, std::uint64_t> HttpServer::answers() const { return impl_->answers(); }

std::size_t HttpServer::connections() const { return impl_->connections(); }

bool HttpServer::is_alive(std::chrono::milliseconds patience) { return impl_->is_alive(patience); }

void HttpServer::stop(std::chrono::steady_clock::time_point by) { impl_->stop(by); }

}  // namespace allocd
