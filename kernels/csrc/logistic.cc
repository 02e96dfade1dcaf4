// Logistic regression over a whole data set: prediction and gradient of a few rows while these lie in the nearest cache,
// so that x is read from memory once.
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

template <int count>
CHAINRULE_INLINE inline void add_rows(const float* x, const float* r, int64_t features, float* dw) {
#pragma omp simd
  for (int64_t j = 0; j < features; ++j) {
    float sum = dw[j];
    for (int i = 0; i < count; ++i) sum += r[i] * x[i * features + j];
    dw[j] = sum;
  }
}

// The loss of one row, and sigmoid(z) - y; exp of what is not positive cannot overflow.
inline float residual(float z, float y, double& loss) {
  const float small = std::exp(-std::fabs(z));
  loss += std::fmax(z, 0.0f) - z * y + std::log1p(small);
  return (z >= 0 ? 1.0f : small) / (1.0f + small) - y;
}

struct Sums {
  double loss = 0, residuals = 0;
};

template <int count>
CHAINRULE_INLINE inline void use_rows(const float* x, const float* w, float b, const float* y, int64_t features,
                                      float* dw, Sums& sums) {
  float r[count];
  dot_rows<count>(x, w, b, features, r);
  for (int i = 0; i < count; ++i) sums.residuals += r[i] = residual(r[i], y[i], sums.loss);
  add_rows<count>(x, r, features, dw);
}

ffi::Error logistic(ffi::ThreadPool pool, Buffer x, Buffer w, Buffer b, Buffer y, Result loss, Result dw, Result db,
                    float scale) {
  return guarded([&] {
    const Rows rows = rows_of({x, w, b, y, *loss, *dw, *db}, x, w, b);
    require_shape(y, {rows.count}, "y");
    require_shape(*dw, {rows.features}, "the gradient of w");
    require(loss->element_count() == 1 && db->element_count() == 1, "the loss and the gradient of b are one number each");
    const int64_t chunks = chunks_of(rows), n = rows.features;
    float* parts = static_cast<float*>(workspace(Use::partial_sums, chunks * n * sizeof(float)));
    std::vector<Sums> sums(chunks);
    const float *xs = data<float>(x), *ws = data<float>(w), *ys = data<float>(y), shift = *data<float>(b);
    parallel(pool, chunks, [&](int64_t number) {
      const Part own = part_of(rows.count, chunks, number);
      float* part = parts + number * n;
      Sums local;
      vectorized([&]() CHAINRULE_INLINE {
        for (int64_t j = 0; j < n; ++j) part[j] = 0;
        int64_t i = own.first;
        for (; i + rows_at_once <= own.last; i += rows_at_once)
          use_rows<rows_at_once>(xs + i * n, ws, shift, ys + i, n, part, local);
        for (; i < own.last; ++i) use_rows<1>(xs + i * n, ws, shift, ys + i, n, part, local);
      });
      sums[number] = local;
    });
    Sums all;
    for (const Sums& part : sums) all.loss += part.loss, all.residuals += part.residuals;
    *data<float>(*loss) = static_cast<float>(all.loss);
    *data<float>(*db) = static_cast<float>(all.residuals * scale);
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t part = 0; part < chunks; ++part) sum += parts[part * n + j];
      data<float>(*dw)[j] = sum * scale;
    }
  });
}

ffi::Error logistic_logits(ffi::ThreadPool pool, Buffer x, Buffer w, Buffer b, Result z) {
  return guarded([&] {
    const Rows rows = rows_of({x, w, b, *z}, x, w, b);
    require_shape(*z, {rows.count}, "the logits");
    const int64_t chunks = chunks_of(rows), n = rows.features;
    const float *xs = data<float>(x), *ws = data<float>(w), shift = *data<float>(b);
    float* to = data<float>(*z);
    parallel(pool, chunks, [&](int64_t number) {
      const Part own = part_of(rows.count, chunks, number);
      vectorized([&]() CHAINRULE_INLINE {
        int64_t i = own.first;
        for (; i + rows_at_once <= own.last; i += rows_at_once) dot_rows<rows_at_once>(xs + i * n, ws, shift, n, to + i);
        for (; i < own.last; ++i) dot_rows<1>(xs + i * n, ws, shift, n, to + i);
      });
    });
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
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Attr<float>("scale"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(
    chainrule_logistic_logits, logistic_logits,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>());

}  // namespace chainrule
