// Adam's update, alone or together with the gradient of a dense layer's weights, which is then never stored in memory:
// the upstream gradient's columns are packed in panels, which all rows read from the caches.
#include "adam.h"

#include <cmath>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "pool.h"
#include "workspace.h"

namespace chainrule {
namespace {

constexpr int lanes = 16;
constexpr int width = 64;  // columns of a panel

struct Slots {
  Adam adam;
  int64_t columns;
  float *weight, *mean, *square;
};

#define AVX512 0
namespace portable {
constexpr int max_rows = 2, vectors = 1;
#include "adam_loops.inc"
}  // namespace portable
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
constexpr int max_rows = 2, vectors = 2;
#include "adam_loops.inc"
}  // namespace avx2
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#undef AVX512
#define AVX512 1
namespace avx512 {
constexpr int max_rows = 6, vectors = 4;
#include "adam_loops.inc"
}  // namespace avx512
#pragma GCC pop_options
#endif

// Packs the columns from `first` on, padded with zeros: (inner, width).
void pack(const float* b, int64_t inner, int64_t columns, int64_t first, float* panel) {
  const int64_t count = std::min<int64_t>(width, columns - first);
  for (int64_t k = 0; k < inner; ++k) {
    std::memcpy(panel + k * width, b + k * columns + first, count * sizeof(float));
    for (int64_t c = count; c < width; ++c) panel[k * width + c] = 0;
  }
}

constexpr int64_t full_tiles = 12;  // rows: a multiple of max_rows for each instruction set

Part rows_of(int64_t rows, int64_t cuts, int64_t number) {
  const Part tiles = part_of((rows + full_tiles - 1) / full_tiles, cuts, number);
  return {tiles.first * full_tiles, std::min(tiles.last * full_tiles, rows)};
}

// `before` is not read: it makes XLA run this after the operation that produced it, which reads the weight, so that the
// weight need not be copied.
ffi::Error dense_adam(ffi::ThreadPool pool, Buffer /*before*/, Buffer x, Buffer d, Buffer p, Buffer m, Buffer v, Buffer alpha, Result p_out,
                      Result m_out, Result v_out, float beta_1, float beta_2, float epsilon) {
  return guarded([&] {
    require_weights({p, m, v, *p_out, *m_out, *v_out});
    for (const Buffer& buffer : {x, d}) require_type(buffer, ffi::DataType::F32, "a float32 operand");
    const Dims xs = dims_of(x), ds = dims_of(d);
    require(xs.size() == 2 && ds.size() == 2 && xs[0] == ds[0], "inputs and upstream need one number of rows, but have the ",
            "shapes ", text(xs), " and ", text(ds));
    require_shape(p, {xs[1], ds[1]}, "the weight");
    const int64_t batch = xs[0], features = xs[1], units = ds[1];
    const Adam adam{scalar(alpha, "alpha"), 1 - beta_1, 1 - beta_2, epsilon};
    float *weight = in_place(p, *p_out), *mean = in_place(m, *m_out), *square = in_place(v, *v_out);
    const Slots slots{adam, units, weight, mean, square};
    const int64_t size = batch * width;
    // The weight's rows are read and written in order; all panels come from the caches.
    float* panels = static_cast<float*>(workspace(Use::weights, (units + width - 1) / width * size * sizeof(float)));
    for (int64_t first = 0; first < units; first += width)
      pack(data<float>(d), batch, units, first, panels + first / width * size);
    const int64_t tiles = (features + full_tiles - 1) / full_tiles;
    const int64_t cuts = chunks_for(0.5 * batch * features * units, std::max<int64_t>(1, std::min<int64_t>(tiles, 16)));
    parallel(pool, cuts, [&](int64_t number) {
      CHAINRULE_BEST(update_rows, data<float>(x), features, panels, batch, rows_of(features, cuts, number), slots);
    });
  });
}

}  // namespace

void update(const Adam& adam, const float* gradient, float* weight, float* mean, float* square, int64_t count) {
  CHAINRULE_BEST(adam_entries, adam, gradient, weight, mean, square, count);
}

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_dense_adam, dense_adam,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Attr<float>("beta_1")
                                  .Attr<float>("beta_2")
                                  .Attr<float>("epsilon"));

}  // namespace chainrule
