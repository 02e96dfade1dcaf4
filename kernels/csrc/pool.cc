#include "pool.h"

#include <atomic>
#include <cfenv>
#include <cstdlib>
#include <memory>
#include <thread>

namespace chainrule {
namespace {

int64_t max_threads() {
  const char* setting = std::getenv("CHAINRULE_THREADS");
  const int64_t threads = setting ? std::atoll(setting) : 0;
  return threads > 0 ? threads : INT64_MAX;
}

// Outlives its call: a helper that starts late finds no chunk left and returns.
struct Job {
  const std::function<void(int64_t)>* chunk;
  int64_t chunks;
  std::fenv_t environment;
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> done{0};
  std::atomic<bool> failed{false};
  std::exception_ptr failure;

  void drain() {
    for (int64_t number; (number = next.fetch_add(1)) < chunks;) {
      try {
        (*chunk)(number);
      } catch (...) {
        if (!failed.exchange(true)) failure = std::current_exception();
      }
      done.fetch_add(1, std::memory_order_release);
    }
  }

  // A helper uses the caller's rounding and denormal modes, so that the bits do not depend on the thread.
  void help() {
    if (next.load() >= chunks) return;
    std::fenv_t previous;
    std::fegetenv(&previous);
    std::fesetenv(&environment);
    drain();
    std::fesetenv(&previous);
  }
};

void pause(int64_t turn) {
  if (turn > 4000) return std::this_thread::yield();
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void parallel(ffi::ThreadPool& pool, int64_t chunks, const std::function<void(int64_t)>& chunk) {
  static const int64_t limit = max_threads();
  const int64_t helpers = std::min({pool.num_threads(), limit, chunks}) - 1;
  if (helpers < 1) {
    for (int64_t number = 0; number < chunks; ++number) chunk(number);
    return;
  }
  auto job = std::make_shared<Job>();
  job->chunk = &chunk;
  job->chunks = chunks;
  std::fegetenv(&job->environment);
  for (int64_t helper = 0; helper < helpers; ++helper) pool.Schedule([job] { job->help(); });
  job->drain();
  for (int64_t turn = 0; job->done.load(std::memory_order_acquire) < chunks; ++turn) pause(turn);
  if (job->failure) std::rethrow_exception(job->failure);
}

int64_t chunks_for(double operations, int64_t max_chunks) {
  constexpr double min_operations = 1e6;
  return std::max<int64_t>(1, std::min<double>(operations / min_operations, std::min<int64_t>(max_chunks, 16)));
}

}  // namespace chainrule
