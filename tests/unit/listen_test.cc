// Sockets with a path: made, taken over where nobody is there any more, and removed; and those that
// somebody else made.
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "http/server.h"
#include "support/http_client.h"
#include "support/process.h"

using namespace allocd;
using namespace allocd::test;

namespace {

HttpResponse hello(const HttpRequest&) { return {200, "text/plain", "hello", {}}; }

const std::string kGet = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";

// Why nothing can listen there; empty where something can.
std::string refusal(const std::string& address) {
  try {
    const HttpServer server({address}, {}, hello);
    return "";
  } catch (const ListenError& error) {
    return error.message;
  }
}

bool exists(const std::string& path) {
  struct stat file {};
  return lstat(path.c_str(), &file) == 0;
}

// A socket as it stays behind when its owner was killed.
void leave_socket(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
  REQUIRE(listen(fd, 1) == 0);
  close(fd);
  REQUIRE(exists(path));
}

// What systemd does for a service: a socket that listens at a path, and stays when others go.
class Inheritance {
 public:
  explicit Inheritance(int kind = SOCK_STREAM, bool listens = true)
      : fd_(socket(AF_UNIX, kind, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path_.copy(name.sun_path, sizeof name.sun_path - 1);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
    if (listens) REQUIRE(listen(fd_, 8) == 0);
  }
  ~Inheritance() { close(fd_); }
  Inheritance(const Inheritance&) = delete;
  Inheritance& operator=(const Inheritance&) = delete;

  const std::string& path() const { return path_; }
  // For an heir, who closes it.
  int copy() const { return dup(fd_); }
  bool is_blocking() const { return (fcntl(fd_, F_GETFL) & O_NONBLOCK) == 0; }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/inherited.sock";
  int fd_;
};

std::string refusal(int inherited_fd) {
  try {
    const HttpServer server({.inherited_fd = inherited_fd}, {}, hello);
    return "";
  } catch (const ListenError& error) {
    return error.message;
  }
}

}  // namespace

TEST_SUITE("threads: listening at a path") {
  TEST_CASE("a socket is there while the server is, for those who may write to it") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/webhook.sock";
    {
      const HttpServer server({.address = "unix:" + path, .socket_permissions = 0660}, {}, hello);
      CHECK(server.address() == "unix:" + path);
      struct stat file {};
      REQUIRE(lstat(path.c_str(), &file) == 0);
      CHECK((file.st_mode & 0777) == 0660);
      HttpClient client(server.address());
      for (int i = 0; i < 3; ++i) {
        REQUIRE(client.send(kGet));
        CHECK(client.read_answer()->body == "hello");
      }
    }
    CHECK_FALSE(exists(path));
  }

  TEST_CASE("an abandoned socket is taken over, one in use is not") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/webhook.sock";
    leave_socket(path);
    const HttpServer server({"unix:" + path}, {}, hello);
    CHECK(ask(server.address(), kGet)->body == "hello");
    CHECK(refusal("unix:" + path) == "cannot listen on unix:" + path + ": address already in use");
    CHECK(ask(server.address(), kGet)->body == "hello");
  }

  TEST_CASE("what is no socket stays as it is") {
    const TemporaryFolder folder;
    const std::string path = folder.write("file", "precious");
    CHECK(refusal("unix:" + path) == "cannot listen on unix:" + path + ": address already in use");
    std::string text;
    std::getline(std::ifstream(path), text);
    CHECK(text == "precious");
  }

  TEST_CASE("paths that cannot be") {
    const TemporaryFolder folder;
    CHECK(refusal("unix:") == "cannot listen on unix:: no path after `unix:`");
    CHECK(refusal("unix:" + folder.path() + "/none/s").find("no such file or directory") !=
          std::string::npos);
    CHECK(refusal("unix:/" + std::string(200, 'a')).find("at most 107 bytes") != std::string::npos);
  }

  TEST_CASE("an inherited socket is served, and goes on without us") {
    const Inheritance inheritance;
    CHECK(inheritance.is_blocking());
    std::unique_ptr<HttpClient> early;
    for (int heir = 0; heir < 2; ++heir) {
      CAPTURE(heir);
      const int fd = inheritance.copy();
      {
        const HttpServer server({.address = "127.0.0.1:1", .inherited_fd = fd}, {}, hello);
        CHECK(server.address() == "unix:" + inheritance.path());
        CHECK_FALSE(inheritance.is_blocking());
        CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        if (early) {  // it came when nobody was there
          CHECK(early->read_answer()->body == "hello");
        }
        for (int i = 0; i < 3; ++i) CHECK(ask(server.address(), kGet)->body == "hello");
      }
      CHECK(fcntl(fd, F_GETFD) == -1);
      CHECK(exists(inheritance.path()));
      early = std::make_unique<HttpClient>("unix:" + inheritance.path());
      REQUIRE(early->send(kGet));
    }
  }

  TEST_CASE("an inherited port says its address") {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(listen(fd, 8) == 0);  // unbound: a free port of all addresses
    const HttpServer server({.inherited_fd = fd}, {}, hello);
    CHECK(server.address().starts_with("0.0.0.0:"));
    CHECK(ask("127.0.0.1" + server.address().substr(server.address().rfind(':')), kGet)->body ==
          "hello");
  }

  TEST_CASE("what was inherited must listen") {
    const TemporaryFolder folder;
    const Inheritance deaf(SOCK_STREAM, false);
    int fd = deaf.copy();
    const std::string inherited = "cannot listen on the inherited socket ";
    CHECK(refusal(fd) == inherited + std::to_string(fd) + ": it does not listen");
    CHECK(fcntl(fd, F_GETFD) == -1);
    const Inheritance packets(SOCK_SEQPACKET);
    fd = packets.copy();
    CHECK(refusal(fd) == inherited + std::to_string(fd) + ": it is not a stream");
    fd = open(folder.write("file", "").c_str(), O_RDONLY);
    CHECK(refusal(fd) == inherited + std::to_string(fd) + ": socket operation on non-socket");
    CHECK(refusal(999) == inherited + "999: bad file descriptor");
  }
}
