// The order that sorts whole numbers, equal ones as they stand: by counting. Few and random numbers are nearly in order
// after one count of their highest digits; any others are sorted a digit at a time from the lowest.
#include <bit>
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

// By as many digits as there are entries, and exchanges of neighbours; false where too many entries share their digits.
bool sort_few(const uint64_t* from, uint64_t* to, int64_t n, int64_t* starts) {
  constexpr int64_t crowd = 16;
  const int bits = std::bit_width(static_cast<uint64_t>(n));
  std::fill_n(starts, int64_t{1} << bits, 0);
  for (int64_t i = 0; i < n; ++i)
    if (++starts[from[i] >> (64 - bits)] > crowd) return false;
  int64_t before = 0;
  for (int64_t digit = 0; digit < int64_t{1} << bits; ++digit) before += std::exchange(starts[digit], before);
  for (int64_t i = 0; i < n; ++i) to[starts[from[i] >> (64 - bits)]++] = from[i];
  for (int64_t i = 1; i < n; ++i) {
    const uint64_t entry = to[i];
    int64_t at = i;
    for (; at > 0 && to[at - 1] > entry; --at) to[at] = to[at - 1];
    to[at] = entry;
  }
  return true;
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
    constexpr int64_t few = 2048;
    constexpr int bits = 11;
    constexpr int64_t counters = int64_t{1} << bits;
    auto* memory = static_cast<uint64_t*>(workspace(Use::partial_sums, (2 * n + counters) * sizeof(uint64_t)));
    uint64_t *here = memory, *there = memory + n;
    for (int64_t i = 0; i < n; ++i) here[i] = uint64_t{data<uint32_t>(words)[i]} << 32 | static_cast<uint64_t>(i);
    auto* starts = reinterpret_cast<int64_t*>(memory + 2 * n);
    if (0 < n && n < few && sort_few(here, there, n, starts))
      std::swap(here, there);
    else
      for (int shift = 32; shift < 64; shift += bits, std::swap(here, there))
        sort_digit(here, there, n, shift, std::min(bits, 64 - shift), starts);
    for (int64_t i = 0; i < n; ++i) data<int32_t>(*places)[i] = static_cast<int32_t>(here[i] & 0xffffffff);
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_order, order, ffi::Ffi::Bind().Arg<Buffer>().Ret<Buffer>());

}  // namespace chainrule
