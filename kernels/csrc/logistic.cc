// Logistic regression over a whole data set: prediction and gradient of a few rows while they are in the L1 cache, so
// that x is read from memory once.
#include <cmath>

#include "pool.h"
#include "workspace.h"

namespace chainrule {
namespace {

constexpr int rows_at_once = 4;

struct Rows {
  int64_t count, features;
};

Rows rows_of(const std::vector<Buffer>& floats, const Buffer& x, const Buffer& w, const Buffer& b) {
  for (const Buffer& buffer : floats) require_type(buffer, ffi::DataType::F32, "a float32 operand or result");
  const Dims shape = dims_of(x);
  require(shape.size() == 2, "x needs the shape (rows, features), not ", text(shape));
  require_shape(w, {shape[1]}, "w");
  require(b.element_count() == 1, "b is one number, not ", b.element_count());
  return {shape[0], shape[1]};
}

int64_t chunks_of(const Rows& rows) {
  return std::min(chunks_for(4.0 * rows.count * rows.features, 16), std::max<int64_t>(rows.count, 1));
}

template <int count>
CHAINRULE_INLINE inline void dot_rows(const float* x, const float* w, float b, int64_t features, float* z) {
  float sums[4] = {b, b, b, b};
  const float *x0 = x, *x1 = x + (count > 1) * features, *x2 = x + 2 * (count > 2) * features,
              *x3 = x + 3 * (count > 3) * features;
  float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
  for (int64_t j = 0; j < features; ++j) {
    s0 += x0[j] * w[j];
    if (count > 1) s1 += x1[j] * w[j];
    if (count > 2) s2 += x2[j] * w[j];
    if (count > 3) s3 += x3[j] * w[j];
  }
  sums[0] += s0, sums[1] += s1, sums[2] += s2, sums[3] += s3;
  for (int r = 0; r < count; ++r) z[r] = sums[r];
}

// dw += r x for `count` rows, which are in the cache; the next rows are prefetched from memory meanwhile.
template <int count>
CHAINRULE_INLINE inline void add_rows(const float* x, const float* r, int64_t features, float* dw) {
  constexpr int64_t lanes = 16;
  int64_t j = 0;
  for (; j + lanes <= features; j += lanes) {
    for (int i = 0; i < count; ++i) __builtin_prefetch(x + (count + i) * features + j, 0, 2);
#pragma omp simd
    for (int64_t k = j; k < j + lanes; ++k) {
      float sum = dw[k];
      for (int i = 0; i < count; ++i) sum += r[i] * x[i * features + k];
      dw[k] = sum;
    }
  }
  for (; j < features; ++j)
    for (int i = 0; i < count; ++i) dw[j] += r[i] * x[i * features + j];
}

// sigmoid(z) - y; exp of a number that is not positive cannot overflow.
inline float residual(float z, float y) {
  const float small = std::exp(-std::fabs(z));
  return (z >= 0 ? 1.0f : small) / (1.0f + small) - y;
}

// The logits of `count` rows, and their part of the gradients while the rows are in the L1 cache.
template <int count>
CHAINRULE_INLINE inline void use_rows(const float* x, const float* w, float b, const float* y, const float* u,
                                      int64_t features, float* z, float* dw, double& db) {
  dot_rows<count>(x, w, b, features, z);
  float r[count];
  for (int i = 0; i < count; ++i) db += r[i] = residual(z[i], y[i]) * u[i];
  add_rows<count>(x, r, features, dw);
}

ffi::Error logistic(ffi::ThreadPool pool, Buffer x, Buffer w, Buffer b, Buffer y, Buffer u, Result z, Result dw,
                    Result db) {
  return guarded([&] {
    const Rows rows = rows_of({x, w, b, y, u, *z, *dw, *db}, x, w, b);
    require_shape(y, {rows.count}, "y");
    require_shape(u, {rows.count}, "the upstream");
    require_shape(*z, {rows.count}, "the logits");
    require_shape(*dw, {rows.features}, "the gradient of w");
    require(db->element_count() == 1, "the gradient of b is one number, not ", db->element_count());
    const int64_t chunks = chunks_of(rows), n = rows.features;
    float* parts = static_cast<float*>(workspace(Use::partial_sums, chunks * n * sizeof(float)));
    std::vector<double> sums(chunks);
    const float *xs = data<float>(x), *ws = data<float>(w), *ys = data<float>(y), *us = data<float>(u);
    const float shift = *data<float>(b);
    float* logits = data<float>(*z);
    parallel(pool, chunks, [&](int64_t number) {
      const Part own = part_of(rows.count, chunks, number);
      float* part = parts + number * n;
      double sum = 0;
      vectorized([&]() CHAINRULE_INLINE {
        for (int64_t j = 0; j < n; ++j) part[j] = 0;
        int64_t i = own.first;
        for (; i + rows_at_once <= own.last; i += rows_at_once)
          use_rows<rows_at_once>(xs + i * n, ws, shift, ys + i, us + i, n, logits + i, part, sum);
        for (; i < own.last; ++i) use_rows<1>(xs + i * n, ws, shift, ys + i, us + i, n, logits + i, part, sum);
      });
      sums[number] = sum;
    });
    *data<float>(*db) = static_cast<float>(std::accumulate(sums.begin(), sums.end(), 0.0));
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t part = 0; part < chunks; ++part) sum += parts[part * n + j];
      data<float>(*dw)[j] = sum;
    }
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_logistic, logistic,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>());

}  // namespace chainrule
