// Convolution of few channels + bias + relu + 2x2 max pooling in one pass, and its gradients from the pooled index: the
// large activation between them is never stored. Stride 1, two spatial axes, channels last.
#include <cstring>

#include "pool.h"
#include "workspace.h"

namespace chainrule {
namespace {

constexpr int lanes = 16;      // filters at a time
constexpr int max_taps = 64;  // window entries times channels
constexpr uint8_t relu_off = 255;

struct Geometry {
  int64_t batch, height, width, channels, filters, window[2], before[2], pooled[2], padded[2];

  int64_t taps() const { return window[0] * window[1] * channels; }
  int64_t image_size() const { return padded[0] * padded[1] * channels; }
  // The offsets in a padded image from the first convolution of a pooled entry to its other three.
  int64_t corner(int place) const { return ((place >> 1) * padded[1] + (place & 1)) * channels; }
};

Geometry geometry(const Buffer& x, const Buffer& w, const Buffer& y, Span before, Span after) {
  const Dims xs = dims_of(x), ws = dims_of(w), ys = dims_of(y);
  require(xs.size() == 4 && ws.size() == 4 && ys.size() == 4,
          "a thin convolution has two spatial axes, but the shapes are ", text(xs), ", ", text(ws), " and ", text(ys));
  require(before.size() == 2 && after.size() == 2, "before and after need one number for each of 2 spatial axes");
  Geometry g{xs[0], xs[1], xs[2], xs[3], ws[3], {ws[0], ws[1]}, {before[0], before[1]}, {}, {}};
  require(ws[0] >= 1 && ws[1] >= 1 && std::min({before[0], before[1], after[0], after[1]}) >= 0,
          "the window must be at least 1 and padding at least 0 along each axis");
  require_shape(w, {ws[0], ws[1], g.channels, g.filters}, "the kernel");
  require(g.taps() <= max_taps, "the window's entries times the channels are ", g.taps(), ", more than ", max_taps);
  for (int axis = 0; axis < 2; ++axis) {
    g.padded[axis] = xs[axis + 1] + before[axis] + after[axis];
    g.pooled[axis] = std::max<int64_t>(g.padded[axis] - g.window[axis] + 1, 0) / 2;
  }
  require_shape(y, {g.batch, g.pooled[0], g.pooled[1], g.filters}, "the output");
  return g;
}

template <class T>
void pad_image(const Geometry& g, const T* x, int64_t n, float* image) {
  for (int64_t i = 0; i < g.image_size(); ++i) image[i] = 0;
  const int64_t length = g.width * g.channels;
  for (int64_t r = 0; r < g.height; ++r) {
    float* to = image + ((r + g.before[0]) * g.padded[1] + g.before[1]) * g.channels;
    const T* from = x + (n * g.height + r) * length;
    for (int64_t i = 0; i < length; ++i) to[i] = widen(from[i]);
  }
}

// Shared by all images: the offset of each tap in a padded image from the window's first entry, and the kernel in blocks
// of filters, padded with zeros: (blocks, taps, lanes), (blocks, lanes).
struct Plan {
  int64_t taps, blocks, corners[4], offsets[max_taps];
  std::vector<float> kernel, shift;

  explicit Plan(const Geometry& g)
      : taps(g.taps()), blocks((g.filters + lanes - 1) / lanes), corners{g.corner(0), g.corner(1), g.corner(2), g.corner(3)} {
    int64_t* next = offsets;
    for (int64_t i = 0; i < g.window[0]; ++i)
      for (int64_t j = 0; j < g.window[1] * g.channels; ++j) *next++ = i * g.padded[1] * g.channels + j;
  }

  template <class T>
  void pack(const T* w, const T* bias, int64_t filters) {
    kernel.resize(blocks * taps * lanes);
    shift.resize(blocks * lanes);
    for (int64_t f = 0; f < filters; ++f) {
      for (int64_t t = 0; t < taps; ++t) kernel[(f / lanes * taps + t) * lanes + f % lanes] = widen(w[t * filters + f]);
      if (bias) shift[f] = widen(bias[f]);
    }
  }

  int64_t chunks(const Geometry& g) const {
    const double operations = 8.0 * g.batch * g.pooled[0] * g.pooled[1] * blocks * lanes * (taps + 2);
    return std::max<int64_t>(std::min(chunks_for(operations, 16), g.batch), 1);
  }
};

namespace portable {
#include "thin_loops.inc"
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#include "thin_loops.inc"
}
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
namespace avx512 {
#include "thin_loops.inc"
}
#pragma GCC pop_options
#endif

template <class T>
void run_forward(ffi::ThreadPool& pool, const Geometry& g, const T* x, const T* w, const T* bias, T* y, uint8_t* index) {
  Plan plan(g);
  plan.pack(w, bias, g.filters);
  const int64_t chunks = plan.chunks(g), row_size = g.pooled[1] * g.filters;
  parallel(pool, chunks, [&](int64_t number) {
    const Part own = part_of(g.batch, chunks, number);
    float* image = static_cast<float*>(workspace(Use::image, g.image_size() * sizeof(float)));
    for (int64_t n = own.first; n < own.last; ++n) {
      pad_image(g, x, n, image);
      for (int64_t i = 0; i < g.pooled[0]; ++i) {
        const int64_t to = (n * g.pooled[0] + i) * row_size;
        CHAINRULE_BEST(pool_row, g, plan, image + 2 * i * g.padded[1] * g.channels, y + to, index + to);
      }
    }
  });
}

ffi::Error conv_pool(ffi::ThreadPool pool, Buffer x, Buffer w, Buffer bias, Result y, Result index, Span before,
                     Span after) {
  return guarded([&] {
    const Geometry g = geometry(x, w, *y, before, after);
    const bool with_bias = bias.dimensions().size() != 1 || bias.dimensions()[0] != 0;
    if (with_bias) require_shape(bias, {g.filters}, "the bias");
    require_shape(*index, dims_of(*y), "the index");
    require_type(*index, ffi::DataType::U8, "the index");
    for (const Buffer& other : {w, bias, *y}) require_type(other, x.element_type(), "an operand or result");
    if (y->element_count() == 0) return;
    by_type(x, [&](auto number) {
      using T = decltype(number);
      run_forward(pool, g, data<T>(x), data<T>(w), with_bias ? data<T>(bias) : nullptr, data<T>(*y),
                  data<uint8_t>(*index));
    });
  });
}

// ---- gradient of kernel and bias

template <class T>
void run_kernel_gradient(ffi::ThreadPool& pool, const Geometry& g, const T* x, const uint8_t* index, const T* u, T* dw,
                         T* db) {
  const Plan plan(g);
  const int64_t taps = plan.taps, block_size = (taps + 1) * lanes;
  const int64_t chunks = plan.chunks(g), image_step = g.pooled[0] * g.pooled[1] * g.filters;
  std::vector<float> parts(chunks * plan.blocks * block_size);
  parallel(pool, chunks, [&](int64_t number) {
    const Part own = part_of(g.batch, chunks, number);
    float* image = static_cast<float*>(workspace(Use::image, g.image_size() * sizeof(float)));
    float* sums = parts.data() + number * plan.blocks * block_size;
    for (int64_t n = own.first; n < own.last; ++n) {
      pad_image(g, x, n, image);
      CHAINRULE_BEST(add_image, g, plan, image, u + n * image_step, index + n * image_step, sums);
    }
  });
  for (int64_t f = 0; f < g.filters; ++f)
    for (int64_t t = 0; t <= taps; ++t) {
      float sum = 0;
      for (int64_t part = 0; part < chunks; ++part)
        sum += parts[(part * plan.blocks + f / lanes) * block_size + t * lanes + f % lanes];
      (t < taps ? dw[t * g.filters + f] : db[f]) = narrow<T>(sum);
    }
}

ffi::Error conv_pool_kernel(ffi::ThreadPool pool, Buffer x, Buffer index, Buffer u, Result dw, Result db, Span before,
                            Span after) {
  return guarded([&] {
    const Geometry g = geometry(x, *dw, u, before, after);
    require(g.channels >= 1, "a thin convolution needs at least one channel");
    require_shape(*db, {g.filters}, "the gradient of the bias");
    require_shape(index, dims_of(u), "the index");
    require_type(index, ffi::DataType::U8, "the index");
    for (const Buffer& other : {u, *dw, *db}) require_type(other, x.element_type(), "an operand or result");
    by_type(x, [&](auto number) {
      using T = decltype(number);
      run_kernel_gradient(pool, g, data<T>(x), data<uint8_t>(index), data<T>(u), data<T>(*dw), data<T>(*db));
    });
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_conv_pool, conv_pool,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Attr<Span>("before")
                                  .Attr<Span>("after"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_conv_pool_kernel, conv_pool_kernel,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Attr<Span>("before")
                                  .Attr<Span>("after"));

}  // namespace chainrule
