// The indices that sort whole numbers, stable: by counting sort. A few random numbers are nearly sorted after one pass by
// their highest digits; all others are sorted a digit at a time from the lowest (radix sort).
#include <bit>
#include <limits>
#include <utility>

#include "common.h"
#include "workspace.h"

namespace chainrule {
namespace {

// Each entry is a word with its index in the lower half, so that both are moved at once.
void sort_digit(const uint64_t* from, uint64_t* to, int64_t n, int shift, int bits, int64_t* starts) {
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  std::fill_n(starts, mask + 1, 0);
  for (int64_t i = 0; i < n; ++i) ++starts[from[i] >> shift & mask];
  int64_t before = 0;
  for (uint64_t digit = 0; digit <= mask; ++digit) before += std::exchange(starts[digit], before);
  for (int64_t i = 0; i < n; ++i) to[starts[from[i] >> shift & mask]++] = from[i];
}

// Sorts by the highest digits, about one digit for each entry, then by insertion; false if too many entries share their
// digits.
bool sort_small(const uint64_t* from, uint64_t* to, int64_t n, int64_t* starts) {
  constexpr int64_t max_equal = 16;
  const int bits = std::bit_width(static_cast<uint64_t>(n));
  std::fill_n(starts, int64_t{1} << bits, 0);
  for (int64_t i = 0; i < n; ++i)
    if (++starts[from[i] >> (64 - bits)] > max_equal) return false;
  int64_t before = 0;
  for (int64_t digit = 0; digit < int64_t{1} << bits; ++digit) before += std::exchange(starts[digit], before);
  for (int64_t i = 0; i < n; ++i) to[starts[from[i] >> (64 - bits)]++] = from[i];
  for (int64_t i = 1; i < n; ++i) {
    const uint64_t entry = to[i];
    int64_t position = i;
    for (; position > 0 && to[position - 1] > entry; --position) to[position] = to[position - 1];
    to[position] = entry;
  }
  return true;
}

ffi::Error order(Buffer words, Result indices) {
  return guarded([&] {
    const Dims shape = dims_of(words);
    require(shape.size() == 1, "the words have the shape ", text(shape), " but one axis is needed");
    require_type(words, ffi::DataType::U32, "words, which are uint32,");
    require_type(*indices, ffi::DataType::S32, "the indices, which are int32,");
    require_shape(*indices, shape, "the result");
    const int64_t n = shape[0];
    require(n <= std::numeric_limits<int32_t>::max(), n, " words are more than int32 can count");
    constexpr int64_t small = 2048;
    constexpr int bits = 11;
    constexpr int64_t counters = int64_t{1} << bits;
    auto* memory = static_cast<uint64_t*>(workspace(Use::partial_sums, (2 * n + counters) * sizeof(uint64_t)));
    uint64_t *entries = memory, *other = memory + n;
    for (int64_t i = 0; i < n; ++i) entries[i] = uint64_t{data<uint32_t>(words)[i]} << 32 | static_cast<uint64_t>(i);
    auto* starts = reinterpret_cast<int64_t*>(memory + 2 * n);
    if (0 < n && n < small && sort_small(entries, other, n, starts))
      std::swap(entries, other);
    else
      for (int shift = 32; shift < 64; shift += bits, std::swap(entries, other))
        sort_digit(entries, other, n, shift, std::min(bits, 64 - shift), starts);
    for (int64_t i = 0; i < n; ++i) data<int32_t>(*indices)[i] = static_cast<int32_t>(entries[i] & 0xffffffff);
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_order, order, ffi::Ffi::Bind().Arg<Buffer>().Ret<Buffer>());

}  // namespace chainrule
