#include "workspace.h"

#include <cstdlib>
#include <memory>
#include <new>

namespace chainrule {

void* workspace(Use use, size_t bytes) {
  struct Release {
    void operator()(void* memory) const { std::free(memory); }
  };
  struct Block {
    std::unique_ptr<void, Release> memory;
    size_t bytes = 0;
  };
  thread_local Block blocks[static_cast<int>(Use::count)];
  Block& block = blocks[static_cast<int>(use)];
  if (block.bytes < bytes || !block.memory) {
    constexpr size_t page = 4096;
    const size_t rounded = (bytes / page + 1) * page;
    block.memory.reset();
    block.bytes = 0;
    block.memory.reset(std::aligned_alloc(page, rounded));
    if (!block.memory) throw std::bad_alloc();
    block.bytes = rounded;
  }
  return block.memory.get();
}

}  // namespace chainrule
