// Questions to the webhook, each asked at its time, on threads of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/client.h"

namespace allocd {

class WebhookQueue {
 public:
  using Clock = std::chrono::steady_clock;
  // What is to be done with a connection to the webhook. Must not throw.
  using Task = std::function<void(HttpClient&)>;

  // `authority` as for HttpClient. Throws std::system_error where the machine has no descriptors
  // left.
  WebhookQueue(HttpUrl url, std::string authority);
  // Tasks that are being done get no more answers; the others are dropped.
  ~WebhookQueue();
  WebhookQueue(const WebhookQueue&) = delete;
  WebhookQueue& operator=(const WebhookQueue&) = delete;

  // From any thread, tasks too. At most kMostThreads tasks are done at a time; those that are due
  // first come first.
  void add(Task task, Clock::time_point due = Clock::now());

  // Whether it is about to end, so that what a task was answered says nothing.
  bool is_stopping();

  static constexpr std::size_t kMostThreads = 64;

 private:
  void begin_thread();
  void work();

  const HttpUrl url_;
  const std::string authority_;
  const int cancel_;  // an eventfd
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, Task> tasks_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // as many as were needed at a time
};

}  // namespace allocd
