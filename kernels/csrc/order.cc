// The order that sorts whole numbers, equal ones as they stand: by counting, a digit at a time from the lowest.
#include <limits>
#include <utility>

#include "common.h"
#include "workspace.h"

namespace chainrule {
namespace {

// Each entry is a word with its place in the lower half, so that one move carries both.
void sort_digit(const uint64_t* from, uint64_t* to, int64_t n, int shift, int bits, int64_t* starts) {
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  std::fill_n(starts, mask + 1, 0);
  for (int64_t i = 0; i < n; ++i) ++starts[from[i] >> shift & mask];
  int64_t before = 0;
  for (uint64_t digit = 0; digit <= mask; ++digit) before += std::exchange(starts[digit], before);
  for (int64_t i = 0; i < n; ++i) to[starts[from[i] >> shift & mask]++] = from[i];
}

ffi::Error order(Buffer words, Result places) {
  return guarded([&] {
    const Dims shape = dims_of(words);
    require(shape.size() == 1, "the words have the shape ", text(shape), " but one axis is needed");
    require_type(words, ffi::DataType::U32, "words, which are uint32,");
    require_type(*places, ffi::DataType::S32, "the places, which are int32,");
    require_shape(*places, shape, "the result");
    const int64_t n = shape[0];
    require(n <= std::numeric_limits<int32_t>::max(), n, " words are more than int32 can count");
    const int bits = n < 4096 ? 8 : 11;  // a digit's counters are cleared and summed whatever n is
    const int64_t counters = int64_t{1} << bits;
    auto* memory = static_cast<uint64_t*>(workspace(Use::partial_sums, (2 * n + counters) * sizeof(uint64_t)));
    uint64_t *here = memory, *there = memory + n;
    for (int64_t i = 0; i < n; ++i) here[i] = uint64_t{data<uint32_t>(words)[i]} << 32 | static_cast<uint64_t>(i);
    for (int shift = 32; shift < 64; shift += bits, std::swap(here, there))
      sort_digit(here, there, n, shift, std::min(bits, 64 - shift), reinterpret_cast<int64_t*>(memory + 2 * n));
    for (int64_t i = 0; i < n; ++i) data<int32_t>(*places)[i] = static_cast<int32_t>(here[i] & 0xffffffff);
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_order, order, ffi::Ffi::Bind().Arg<Buffer>().Ret<Buffer>());

}  // namespace chainrule
