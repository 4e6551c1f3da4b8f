// Clients that are of no use to a server: idle, slow, and deaf ones.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace allocd::test {

class Crowd {
 public:
  struct Sizes {
    std::size_t idle = 0;         // never say a word
    std::size_t slow_heads = 0;   // a byte of a head now and then
    std::size_t slow_bodies = 0;  // a byte of a body now and then
    std::size_t deaf = 0;         // send requests as fast as they are taken, read no answer
  };
  // How many were ended by the server so far. Whoever is, comes back; but idle ones that gave way
  // stay away.
  struct Ends {
    std::size_t idle = 0;
    std::size_t slow_heads = 0;
    std::size_t slow_bodies = 0;
    std::size_t deaf = 0;
    std::size_t told_503 = 0;  // of those with a slow body
    std::size_t unheard = 0;   // requests of the deaf
  };

  // Against 127.0.0.1:PORT, from a thread of its own, until its end.
  Crowd(const std::string& address, const Sizes& sizes, std::string request);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  Ends ends() const;

 private:
  enum class Kind { Idle, SlowHead, SlowBody, Deaf };
  struct Member {
    Kind kind = Kind::Idle;
    int fd = -1;
    std::size_t sent = 0;
    std::string heard;
  };

  void run();
  void come(Member& member);
  void leave(Member& member);
  void speak(Member& member);
  void speak_slowly();
  void shout(Member& member);
  void listen(Member& member);

  const sockaddr_in where_;
  const std::string request_;
  const int epoll_;
  std::vector<Member> members_;
  std::atomic<std::size_t> ended_[4] = {};
  std::atomic<std::size_t> told_503_ = 0;
  std::atomic<std::size_t> shouted_ = 0;  // bytes
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace allocd::test
