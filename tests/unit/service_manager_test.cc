// What systemd would hear, on a socket of its kind; and which inherited socket is which.
#include "daemon/service_manager.h"

#include <arpa/inet.h>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "http/server.h"
#include "support/process.h"

using namespace allocd;
using namespace allocd::test;

namespace {

// A variable of the environment, until the end of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

// Hears what a service says.
class Manager {
 public:
  Manager() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path_.copy(name.sun_path, sizeof name.sun_path - 1);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
  }
  ~Manager() { close(fd_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  const std::string& path() const { return path_; }
  // Datagrams of this kind are there as soon as they are sent.
  std::string heard() const {
    char text[4096];
    const ssize_t size = recv(fd_, text, sizeof text, 0);
    return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/notify";
  int fd_;
};

std::string refusal(const std::vector<std::string>& names) {
  try {
    sort_sockets(1000, names);  // nobody's
    return "";
  } catch (const ListenError& error) {
    return error.message;
  }
}

int listening_socket() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
  REQUIRE(listen(fd, 1) == 0);
  return fd;
}

// The status with which a process ends that systemd gives these sockets: 0 where it finds the
// first as admin, the second as webhook, and nothing of it in its environment.
int status_of_heir(int admin, int webhook) {
  const pid_t child = fork();
  if (child == 0) {
    const int first = fcntl(admin, F_DUPFD, 10);
    const int second = fcntl(webhook, F_DUPFD, 10);
    dup2(first, 3);
    dup2(second, 4);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "admin:webhook", 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    const ServiceManager manager;
    if (manager.sockets().admin != 3 || manager.sockets().webhook != 4) _exit(1);
    for (const char* name :
         {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"})
      if (getenv(name) != nullptr) _exit(2);
    if (manager.watchdog() != std::chrono::seconds(3)) _exit(3);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("service manager: what it hears") {
  const Manager systemd;
  const Variable variable("NOTIFY_SOCKET", systemd.path());
  const ServiceManager manager;

  manager.ready("4 rules in force");
  CHECK(systemd.heard() == "READY=1\nSTATUS=4 rules in force");
  manager.status("degraded");
  CHECK(systemd.heard() == "STATUS=degraded");
  manager.stopping("finishing", std::chrono::seconds(6));
  CHECK(systemd.heard() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=6000000\nSTATUS=finishing");
  manager.alive();
  CHECK(systemd.heard() == "WATCHDOG=1");
  manager.status("two\nREADY=1");
  CHECK(systemd.heard() == "STATUS=two READY=1");

  timespec before{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  manager.reloading();
  const std::string reloading = systemd.heard();
  const std::string start = "RELOADING=1\nMONOTONIC_USEC=";
  REQUIRE(reloading.starts_with(start));
  const long long micros = std::stoll(reloading.substr(start.size()));
  CHECK(micros >= before.tv_sec * 1'000'000LL + before.tv_nsec / 1000);
  CHECK(micros < (before.tv_sec + 60) * 1'000'000LL);
  CHECK(systemd.heard().empty());
}

TEST_CASE("service manager: nobody started us") {
  unsetenv("NOTIFY_SOCKET");
  const ServiceManager manager;
  CHECK(manager.sockets().webhook == -1);
  CHECK(manager.sockets().admin == -1);
  CHECK_FALSE(manager.watchdog());
  manager.ready("to no one");
}

TEST_CASE("service manager: variables for another process are not ours") {
  const Variable fds("LISTEN_FDS", "1");
  const Variable pid("LISTEN_PID", "1");
  const Variable micros("WATCHDOG_USEC", "3000000");
  const Variable watched("WATCHDOG_PID", "1");
  const ServiceManager manager;
  CHECK(manager.sockets().webhook == -1);
  CHECK_FALSE(manager.watchdog());
}

TEST_CASE("service manager: which socket is which") {
  struct Case {
    std::vector<std::string> names;
    int webhook = -1;
    int admin = -1;
  };
  const Case cases[] = {
      {.names = {}},
      {.names = {"webhook"}, .webhook = 3},
      {.names = {"admin"}, .admin = 3},
      {.names = {"unknown"}, .webhook = 3},
      {.names = {"my.socket"}, .webhook = 3},
      {.names = {"admin", "webhook"}, .webhook = 4, .admin = 3},
  };
  for (const Case& c : cases) {
    CAPTURE(c.names.size());
    const InheritedSockets sockets = sort_sockets(3, c.names);
    CHECK(sockets.webhook == c.webhook);
    CHECK(sockets.admin == c.admin);
  }
  CHECK(refusal({"webhook", "metrics"}) ==
        "cannot use the sockets that systemd opened: no socket is called `metrics`, say "
        "`FileDescriptorName=webhook` or `admin` in its unit");
  CHECK(refusal({"admin", "admin"}) ==
        "cannot use the sockets that systemd opened: two are called `admin`");
}

TEST_CASE("service manager: an heir finds its sockets, and its children find nothing") {
  const int admin = listening_socket();
  const int webhook = listening_socket();
  CHECK(status_of_heir(admin, webhook) == 0);
  close(admin);
  close(webhook);
}
