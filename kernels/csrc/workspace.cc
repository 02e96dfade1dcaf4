#include "workspace.h"

#include <cstdlib>
#include <memory>
#include <new>

namespace chainrule {

void* workspace(Use use, size_t bytes) {
  struct Release {
    void operator()(void* memory) const { std::free(memory); }
  };
  struct Kept {
    std::unique_ptr<void, Release> memory;
    size_t bytes = 0;
  };
  thread_local Kept kept[static_cast<int>(Use::count)];
  Kept& one = kept[static_cast<int>(use)];
  if (one.bytes < bytes || !one.memory) {
    constexpr size_t page = 4096;
    const size_t rounded = (bytes / page + 1) * page;
    one.memory.reset();
    one.bytes = 0;
    one.memory.reset(std::aligned_alloc(page, rounded));
    if (!one.memory) throw std::bad_alloc();
    one.bytes = rounded;
  }
  return one.memory.get();
}

}  // namespace chainrule
