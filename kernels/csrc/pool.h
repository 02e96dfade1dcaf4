// Work in chunks over XLA's own threads.
#pragma once

#include <functional>

#include "common.h"

namespace chainrule {

// Runs chunk(0) to chunk(chunks - 1), each once, in any order and on any thread; returns when all have ended. What a
// chunk throws is thrown here. Results must depend on the chunk's number alone, and so must the number of chunks on
// shapes alone: then bits are the same for every number of threads.
void parallel(ffi::ThreadPool& pool, int64_t chunks, const std::function<void(int64_t)>& chunk);

// In how many chunks to cut work of so many operations: enough to share, none so small that sharing costs more.
int64_t chunks_for(double operations, int64_t most);

// The part [first, last) that chunk `number` of `chunks` has of `length` entries.
struct Part {
  int64_t first, last;
};
inline Part part_of(int64_t length, int64_t chunks, int64_t number) {
  return {length * number / chunks, length * (number + 1) / chunks};
}

}  // namespace chainrule
