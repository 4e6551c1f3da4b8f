#include "simulator/webhook_queue.h"

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace allocd {

WebhookQueue::WebhookQueue(HttpUrl url, std::string authority)
    : url_(std::move(url)), authority_(std::move(authority)), cancel_(eventfd(0, EFD_CLOEXEC)) {
  if (cancel_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

WebhookQueue::~WebhookQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    tasks_.clear();
  }
  changed_.notify_all();
  eventfd_write(cancel_, 1);
  for (std::thread& thread : threads_) thread.join();
  close(cancel_);
}

void WebhookQueue::add(Task task, Clock::time_point due) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.emplace(due, std::move(task));
    if (tasks_.size() > idle_ && threads_.size() < kMostThreads) begin_thread();
  }
  changed_.notify_one();
}

void WebhookQueue::begin_thread() {
  try {
    threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;  // those that are there will do
  }
}

bool WebhookQueue::is_stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void WebhookQueue::work() {
  HttpClient client(url_, authority_, cancel_);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (tasks_.empty() || tasks_.begin()->first > Clock::now()) {
      ++idle_;
      if (tasks_.empty()) {
        changed_.wait(lock);
      } else {
        const Clock::time_point due = tasks_.begin()->first;  // another may take that task
        changed_.wait_until(lock, due);
      }
      --idle_;
      continue;
    }
    const Task task = std::move(tasks_.begin()->second);
    tasks_.erase(tasks_.begin());
    lock.unlock();
    task(client);
    lock.lock();
  }
}

}  // namespace allocd
