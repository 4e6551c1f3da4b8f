// Holds a crowd of useless clients against the running daemon, and a normal client beside them:
// that one must not notice. Prints how long its answers took; exits 1 where it noticed.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crowd/crowd.h"
#include "support/daemon.h"
#include "support/descriptor_limit.h"
#include "support/http_client.h"
#include "support/process.h"

using namespace allocd::test;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

namespace {

constexpr std::size_t kIdle = 2000;
constexpr std::size_t kSlowHeads = 200;
constexpr std::size_t kSlowBodies = 200;
constexpr std::size_t kDeaf = 500;
constexpr std::size_t kAll = kIdle + kSlowHeads + kSlowBodies + kDeaf;
constexpr rlim_t kDescriptors = kAll + 500;

// Shorter than the measurement, so that the slow and the deaf are ended, and back, meanwhile.
constexpr int kRequestSeconds = 2;
constexpr std::chrono::seconds kMeasured{4};
constexpr int kTries = 4;
constexpr Milliseconds kBound{50};
constexpr std::chrono::seconds kPatience{5};  // what takes longer has failed
// 40 KB for each of the slow and the deaf; an idle one has next to nothing.
constexpr std::size_t kMemory = 36 << 20;

const std::string kRules = std::string(ALLOCD_SOURCE_DIR) + "/rules/contoso";

std::string tutorial_request() {
  std::ifstream file(kRules + "/request.json");
  const std::string body(std::istreambuf_iterator<char>(file), {});
  return request_text("POST", "/allocate", body, "Content-Type: application/json\r\n");
}

struct Latencies {
  std::vector<Milliseconds> all;

  Milliseconds quantile(double part) {
    if (all.empty()) return Milliseconds(0);
    const auto place = static_cast<std::ptrdiff_t>(part * static_cast<double>(all.size() - 1));
    std::nth_element(all.begin(), all.begin() + place, all.end());
    return all[static_cast<std::size_t>(place)];
  }
  void print(const char* name) {
    std::printf("  %-22s %6zu answers, p50 %.2f ms, p99 %.2f ms, max %.2f ms\n", name, all.size(),
                quantile(0.5).count(), quantile(0.99).count(), quantile(1).count());
  }
};

struct Measured {
  Latencies kept;   // on a connection that is kept
  Latencies fresh;  // connecting included
  std::size_t failed = 0;
  std::size_t closed = 0;  // how often the connection that is kept was not

  Milliseconds p99() { return std::max(kept.quantile(0.99), fresh.quantile(0.99)); }
};

bool is_allocated(const std::optional<HttpAnswer>& answer) {
  return answer && answer->status == 200 &&
         answer->body.find("contoso-toasters-hub-1098") != std::string::npos;
}

// On a connection that is kept. A server may close one between two requests, and then the client
// asks again on a new one.
class KeptClient {
 public:
  explicit KeptClient(std::string address) : address_(std::move(address)), client_(address_) {}

  std::optional<HttpAnswer> ask(const std::string& request) {
    if (client_->send(request))
      if (auto answer = client_->read_answer()) return answer;
    client_.emplace(address_);
    ++closed_;
    if (!client_->send(request)) return std::nullopt;
    return client_->read_answer();
  }
  std::size_t closed() const { return closed_; }

 private:
  std::string address_;
  std::optional<HttpClient> client_;
  std::size_t closed_ = 0;
};

// One request after the other, every tenth on a connection of its own.
Measured measure(const std::string& address, const std::string& request) {
  Measured out;
  KeptClient kept(address);
  const auto end = Clock::now() + kMeasured;
  for (int i = 1; Clock::now() < end; ++i) {
    const bool fresh = i % 10 == 0;
    const auto start = Clock::now();
    bool good = false;
    try {
      good = is_allocated(fresh ? ask(address, request) : kept.ask(request));
    } catch (const std::exception&) {  // cannot connect
    }
    const auto took = Clock::now() - start;
    (fresh ? out.fresh : out.kept).all.push_back(took);
    out.failed += good && took < kPatience ? 0 : 1;
  }
  out.closed = kept.closed();
  return out;
}

bool is_sanitized(const Daemon& daemon) {
  std::ifstream file("/proc/" + std::to_string(daemon.pid()) + "/maps");
  const std::string maps(std::istreambuf_iterator<char>(file), {});
  return maps.find("/libasan") != std::string::npos || maps.find("/libtsan") != std::string::npos;
}

class Verdict {
 public:
  void expect(bool good, const std::string& what) {
    if (!good) std::printf("  FAILED: %s\n", what.c_str());
    failed_ = failed_ || !good;
  }
  bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

// A sanitizer makes a request cost some ten to twenty times as much: of those who ask as fast as
// they can, a twenty-fifth is work enough for it.
Crowd::Sizes sizes(const Daemon& daemon) {
  return {kIdle, kSlowHeads, kSlowBodies, is_sanitized(daemon) ? kDeaf / 25 : kDeaf};
}

bool all_were_ended(const Crowd::Ends& ends) {
  return ends.slow_heads > 0 && ends.slow_bodies > 0 && ends.told_503 > 0 && ends.deaf > 0;
}

// Until all are in, and who had to give way for that has.
void wait_for_crowd(const Daemon& daemon, const Crowd& crowd, std::size_t all,
                    std::size_t connections, const std::string& request, Verdict& verdict) {
  const auto is_there = [&] {
    const std::size_t expected = std::min(all, connections);
    return daemon.descriptors() >= expected && crowd.ends().idle + expected >= all;
  };
  const auto patience = Clock::now() + std::chrono::seconds(30);
  while (!is_there() && Clock::now() < patience)
    verdict.expect(is_allocated(ask(daemon.webhook, request)), "served while the crowd comes in");
  verdict.expect(Clock::now() < patience, "the crowd is there");
}

// What the crowd costs, it costs in every try; what others on this machine cost, it does not.
void measure_beside(const Crowd& crowd, const Daemon& daemon, const std::string& request,
                    bool has_room, Verdict& verdict) {
  std::optional<Milliseconds> best;
  for (int i = 0; i < kTries; ++i) {
    Measured measured = measure(daemon.webhook, request);
    measured.kept.print("kept connection:");
    measured.fresh.print("new connections:");
    verdict.expect(measured.failed == 0, std::to_string(measured.failed) + " requests failed");
    if (has_room) verdict.expect(measured.closed == 0, "a connection in use is kept");
    best = std::min(best.value_or(measured.p99()), measured.p99());
    if (*best < kBound && all_were_ended(crowd.ends())) break;
  }
  verdict.expect(*best < kBound, "p99 under 50 ms");
  const Crowd::Ends ends = crowd.ends();
  std::printf(
      "  ended: %zu slow heads, %zu slow bodies (%zu told 503), %zu deaf; of the deaf: %zu "
      "requests\n",
      ends.slow_heads, ends.slow_bodies, ends.told_503, ends.deaf, ends.unheard);
  verdict.expect(all_were_ended(ends), "the slow and the deaf are ended");
}

void judge_memory(const Daemon& daemon, std::size_t before, Verdict& verdict) {
  const std::size_t grown = daemon.peak_bytes() - before;
  const bool sanitized = is_sanitized(daemon);
  std::printf("  memory grew by %zu MiB at most%s\n", grown >> 20,
              sanitized ? "; not judged, as sanitizers keep what was freed" : "");
  verdict.expect(sanitized || grown < kMemory, "memory stays bounded");
}

// With room in the daemon for `connections`.
void run(const char* binary, std::size_t connections, Verdict& verdict) {
  const std::string request = tutorial_request();
  std::string config = "limits: {requestSeconds: " + std::to_string(kRequestSeconds);
  config += ", connections: " + std::to_string(connections) + ", idleSeconds: 3600}\n";
  TemporaryFolder folder;
  Daemon daemon({"--rules", kRules, "--config", folder.write("allocd.yaml", config)}, {binary});
  const Crowd::Sizes crowd_sizes = sizes(daemon);
  std::printf("%zu idle, %zu with a slow head, %zu with a slow body, %zu deaf; room for %zu\n",
              crowd_sizes.idle, crowd_sizes.slow_heads, crowd_sizes.slow_bodies, crowd_sizes.deaf,
              connections);

  // Its log has to be read, or it would wait for that.
  std::jthread log([&] { daemon->output_with("stopped\n", 300); });
  measure(daemon.webhook, request).kept.print("without the crowd:");
  const std::size_t before = daemon.peak_bytes();
  const Crowd crowd(daemon.webhook, crowd_sizes, request);
  const std::size_t all =
      crowd_sizes.idle + crowd_sizes.slow_heads + crowd_sizes.slow_bodies + crowd_sizes.deaf;
  wait_for_crowd(daemon, crowd, all, connections, request, verdict);
  measure_beside(crowd, daemon, request, all <= connections, verdict);
  judge_memory(daemon, before, verdict);

  const auto start = Clock::now();
  daemon->send_signal(SIGTERM);
  log.join();
  const auto code = daemon->exit_code();
  const std::chrono::duration<double> took = Clock::now() - start;
  std::printf("  ended %.2f s after SIGTERM\n", took.count());
  verdict.expect(code == 0, "exit code 0");
  verdict.expect(took.count() < kRequestSeconds + 1, "ended within requestSeconds and one more");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-') {
    std::fprintf(stderr, "usage: allocd_crowd ALLOCD    (for example build/allocd)\n");
    return 2;
  }
  try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const DescriptorLimit limit(kDescriptors);
    if (limit.count() < kDescriptors)
      throw std::runtime_error("needs " + std::to_string(kDescriptors) +
                               " open files; `ulimit -Hn` allows " + std::to_string(limit.count()));
    Verdict verdict;
    run(argv[1], 8192, verdict);
    run(argv[1], 1024, verdict);  // the default: idle connections have to give way
    return verdict.failed() ? 1 : 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "allocd_crowd: %s\n", error.what());
    return 1;
  }
}
