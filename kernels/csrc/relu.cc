// The gradient of relu and of the bias before it, in one pass over the output.
#include "pool.h"
#include "workspace.h"

namespace chainrule {
namespace {

template <class T>
void relu_gradient_of(ffi::ThreadPool& pool, const T* y, const T* u, T* d, T* db, int64_t rows, int64_t features) {
  const int64_t chunks = std::min(chunks_for(8.0 * rows * features, 16), std::max<int64_t>(rows, 1));
  float* parts = static_cast<float*>(workspace(Use::partial_sums, chunks * features * sizeof(float)));
  parallel(pool, chunks, [&](int64_t number) {
    const Part own = part_of(rows, chunks, number);
    vectorized([&]() CHAINRULE_INLINE {
      float* sums = parts + number * features;
      for (int64_t f = 0; f < features; ++f) sums[f] = 0;
      for (int64_t i = own.first * features; i < own.last * features; i += features) {
#pragma omp simd
        for (int64_t f = 0; f < features; ++f) {
          const float gate = widen(y[i + f]), upstream = widen(u[i + f]);
          const float value = gate > 0 ? upstream : 0.0f;
          d[i + f] = narrow<T>(value);
          sums[f] += value;
        }
      }
    });
  });
  for (int64_t f = 0; f < features; ++f) {
    float sum = 0;
    for (int64_t part = 0; part < chunks; ++part) sum += parts[part * features + f];
    db[f] = narrow<T>(sum);
  }
}

ffi::Error relu_gradient(ffi::ThreadPool pool, Buffer y, Buffer u, Result d, Result db) {
  return guarded([&] {
    const Dims shape = dims_of(y);
    require(!shape.empty(), "the output of relu needs at least one axis, that of its features");
    require_shape(u, shape, "the gradient");
    require_shape(*d, shape, "the result");
    require_shape(*db, {shape.back()}, "the gradient of the bias");
    for (const Buffer& other : {u, *d, *db}) require_type(other, y.element_type(), "an operand or result");
    if (shape.back() == 0) return;
    by_type(y, [&](auto number) {
      using T = decltype(number);
      relu_gradient_of(pool, data<T>(y), data<T>(u), data<T>(*d), data<T>(*db), product(shape) / shape.back(),
                       shape.back());
    });
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    chainrule_relu_gradient, relu_gradient,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>().Ret<Buffer>());

}  // namespace chainrule
