// Memory that a thread keeps between calls.
#pragma once

#include <cstddef>

namespace chainrule {

// One block for each use, as one call may need several. Aligned to pages; the contents are lost when it grows.
enum class Use { scratchpad, weights, other_weights, partial_sums, image, count };
void* workspace(Use use, size_t bytes);

}  // namespace chainrule
