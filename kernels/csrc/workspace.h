// Memory that a thread keeps from call to call.
#pragma once

#include <cstddef>

namespace chainrule {

// One for each use, since these meet in one call. Aligned to pages; grows, and keeps no contents when it does.
enum class Use { scratchpad, weights, other_weights, partial_sums, image, count };
void* workspace(Use use, size_t bytes);

}  // namespace chainrule
