#include "http/translator.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

#include <httplib.h>

namespace allocd {

namespace {

// Some of Stream's functions have other names in newer versions: `override` cannot stand there.
// NOLINTBEGIN(modernize-use-override)
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winconsistent-missing-override"
#endif

// A request line for cpp-httplib to read; what it would answer is dropped. It gets to see nothing
// else: framing, limits and deadlines are ours, which it does not get right.
class LineStream final : public httplib::Stream {
 public:
  explicit LineStream(std::string input) : input_(std::move(input)) {}

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
  ssize_t write(const char*, std::size_t size) override { return static_cast<ssize_t>(size); }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // Any number below FD_SETSIZE: beyond it the library answers 500.
  socket_t socket() const override { return 0; }

 private:
  std::string input_;
  std::size_t used_ = 0;
};

#ifdef __clang__
#pragma clang diagnostic pop
#endif
// NOLINTEND(modernize-use-override)

bool is_plain(std::string_view method, std::string_view path) {
  constexpr std::string_view kUsual[] = {"POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  return path.find('%') == std::string_view::npos &&
         std::find(std::begin(kUsual), std::end(kUsual), method) != std::end(kUsual);
}

}  // namespace

// cpp-httplib as a reader of request lines.
class Translator::Library : private httplib::Server {
 public:
  Library() {
    set_pre_routing_handler([this](const httplib::Request& in, httplib::Response&) {
      path_ = in.path;
      return HandlerResponse::Handled;
    });
  }

  // The path, decoded; nothing where the library refuses the line.
  std::optional<std::string> read(const std::string& method, std::string_view path) {
    path_.reset();
    LineStream stream(method + " " + std::string(path) + " HTTP/1.1\r\n\r\n");
    process(*this, stream);
    return std::move(path_);
  }

 private:
  // Debian 12's version has the short signature, Debian 13's the long one.
  template <typename Self>
  static void process(Self& self, LineStream& stream) {
    bool closed = false;
    if constexpr (requires { self.process_request(stream, true, closed, nullptr); }) {
      self.process_request(stream, true, closed, nullptr);
    } else {
      self.process_request(stream, "", 0, "", 0, true, closed, nullptr);
    }
  }

  std::optional<std::string> path_;
};

Translator::Translator() : library_(std::make_unique<Library>()) {}

Translator::~Translator() = default;

std::optional<HttpRequest> Translator::translate(WireRequest wire, Way way) {
  RequestHead& head = wire.head;
  const std::string_view target = head.target;
  const std::size_t mark = std::min(target.find('?'), target.size());
  std::optional<std::string> path;
  if (way == Way::Shortest && is_plain(head.method, target.substr(0, mark))) {
    path = target.substr(0, mark);
  } else {
    path = library_->read(head.method, target.substr(0, mark));
  }
  if (!path) return std::nullopt;
  std::string query(target.substr(std::min(mark + 1, target.size())));
  return HttpRequest{std::move(head.method), std::move(*path), std::move(query),
                     std::move(wire.body), std::move(head.headers)};
}

}  // namespace allocd
