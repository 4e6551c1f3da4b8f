// One accepted connection: what it waits for, and what it does when that comes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <string_view>

#include "http/answer_counts.h"
#include "http/answer_text.h"
#include "http/channel.h"
#include "http/framer.h"
#include "http/server.h"
#include "http/translator.h"

namespace allocd {

// What the connections of one thread share, as only one of them has its turn.
struct Desk {
  const HttpLimits& limits;
  const HttpHandler& handler;
  const std::atomic<bool>& stopping;
  Translator translator;
  std::string receive_buffer = std::string(65536, '\0');
  std::string answers;     // of this turn
  std::string spare_body;  // empty, with room
  std::chrono::steady_clock::time_point now;

  int requests_left = 0;  // that this turn may answer
  DateText date;
  AnswerCounts answered;
  std::size_t others_idle = 0;        // beside the connection whose turn it is
  std::atomic<std::size_t> idle = 0;  // with it; for any thread

  void clear_answers();
  // These append to `answers`, and count.
  void give(HttpResponse response, Ending ending, bool head_only);
  void give(const WireFailure& failure);
  // For the next one.
  void keep_room_of(std::string body);
};

// Never waits: it does what can be done now and says what it waits for. While that is a new request
// it holds no memory but its own and its channel's.
class Connection {
 public:
  enum class Phase {
    Idle,     // no byte of the next request is here
    Request,  // some are, or some of the handshake that comes first
    Write,    // the peer does not read what there is to send
    Linger,   // all is sent; reading on for a moment, so that the peer gets to see it
    Closed,
  };
  enum class Welcome { Serve, Refuse };  // refused: told 503 when its first turn comes
  using Clock = std::chrono::steady_clock;

  // `fd` and `ssl` as for Channel.
  Connection(int fd, Ssl ssl, std::size_t body_bytes, Welcome welcome);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return channel_.fd(); }
  bool is_refused() const { return welcome_ == Welcome::Refuse; }
  Phase phase() const { return phase_; }
  // Since when it waits for that.
  Clock::time_point since() const { return since_; }
  // Whether it stopped for others' sake, with more to be read or answered.
  bool wants_another_turn() const {
    return (channel_.may_receive() || !input_.empty()) && phase_ != Phase::Write && !is_closed();
  }

  // Is with its thread from now on.
  void arrive(Desk& desk);
  // `events` are epoll's, edge-triggered: what was said once is remembered here.
  void take_turn(std::uint32_t events, Desk& desk);
  // It waited too long.
  void expire(Desk& desk);
  // Ends for another's sake. One that was never answered is refused, so that nobody who came is
  // left without a word; to the others it is a keep-alive that ends.
  void give_way(Desk& desk);
  void close_now();

  // Its owner's: where it is kept, and whether arrive() was called.
  std::list<Connection>::iterator place;
  bool has_arrived = false;

 private:
  bool is_closed() const { return phase_ == Phase::Closed; }
  void refuse(Desk& desk);
  void receive(Desk& desk);
  void answer(std::string_view input, Desk& desk);
  void answer_one(WireRequest wire, Desk& desk);
  bool send_answers(Desk& desk);
  bool send_rest(Desk& desk);
  Phase waiting_for_next() const;
  void end(Desk& desk);
  void discard(Desk& desk);
  void wait_for(Phase phase, Desk& desk);

  Channel channel_;
  Welcome welcome_;
  Phase phase_ = Phase::Idle;
  bool answered_ = false;  // a request of its
  bool last_ = false;      // nothing is read as a request any more
  bool unread_ = false;    // bytes of the peer's were left unread
  Clock::time_point since_;
  Framer framer_;
  std::string input_;          // received, to be framed when the peer has read what is in output_,
                               // and the others had their turn
  std::string output_;         // what the socket did not take
  std::size_t sent_ = 0;       // of output_
  std::size_t discarded_ = 0;  // while lingering
};

}  // namespace allocd
