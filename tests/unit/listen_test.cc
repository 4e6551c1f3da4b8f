// Sockets with a path: made, taken over where nobody is there any more, and removed.
#include <fstream>
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
}
