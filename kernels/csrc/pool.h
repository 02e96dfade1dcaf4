// Parallel work on XLA's own threads.
#pragma once

#include <functional>

#include "common.h"

namespace chainrule {

// Runs chunk(0) to chunk(chunks - 1), each once, in any order and on any thread; returns when all have ended. Exceptions
// of a chunk are rethrown. Results may depend only on the chunk's number, and the number of chunks only on shapes, so that
// the bits are the same for every number of threads.
void parallel(ffi::ThreadPool& pool, int64_t chunks, const std::function<void(int64_t)>& chunk);

// The number of chunks for this many operations: at most `max_chunks`, and none too small to be worth its overhead.
int64_t chunks_for(double operations, int64_t max_chunks);

// The range [first, last) of `length` entries that belongs to chunk `number` of `chunks`.
struct Part {
  int64_t first, last;
};
inline Part part_of(int64_t length, int64_t chunks, int64_t number) {
  return {length * number / chunks, length * (number + 1) / chunks};
}

}  // namespace chainrule
