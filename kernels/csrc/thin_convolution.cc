// Convolution of few channels + bias + relu + 2x2 maximum in one pass, and its gradients from the pooled index: the large
// activation between them never exists. Stride 1, two spatial axes, channels last.
#include <cstring>

#include "pool.h"
#include "workspace.h"

namespace chainrule {
namespace {

constexpr int lanes = 16;         // filters at a time
constexpr int most_taps = 64;     // window entries times channels
constexpr int taps_at_once = 8;   // as many sums as fit the registers
constexpr uint8_t relu_off = 255;

struct Geometry {
  int64_t batch, height, width, channels, filters, window[2], before[2], pooled[2], padded[2];

  int64_t taps() const { return window[0] * window[1] * channels; }
  int64_t blocks() const { return (filters + lanes - 1) / lanes; }
  int64_t image_size() const { return padded[0] * padded[1] * channels; }
  // The steps in a padded image from one pooled entry's first convolution to its other three.
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
  require(g.taps() <= most_taps, "the window's entries times the channels are ", g.taps(), ", more than ", most_taps);
  for (int axis = 0; axis < 2; ++axis) {
    g.padded[axis] = xs[axis + 1] + before[axis] + after[axis];
    g.pooled[axis] = std::max<int64_t>(g.padded[axis] - g.window[axis] + 1, 0) / 2;
  }
  require_shape(y, {g.batch, g.pooled[0], g.pooled[1], g.filters}, "the output");
  return g;
}

template <class T>
CHAINRULE_INLINE inline void pad_image(const Geometry& g, const T* x, int64_t n, float* image) {
  for (int64_t i = 0; i < g.image_size(); ++i) image[i] = 0;
  const int64_t length = g.width * g.channels;
  for (int64_t r = 0; r < g.height; ++r) {
    float* to = image + ((r + g.before[0]) * g.padded[1] + g.before[1]) * g.channels;
    const T* from = x + (n * g.height + r) * length;
    for (int64_t i = 0; i < length; ++i) to[i] = widen(from[i]);
  }
}

// Where in a padded image each tap lies from the window's first entry.
void find_taps(const Geometry& g, int64_t* offsets) {
  for (int64_t i = 0; i < g.window[0]; ++i)
    for (int64_t j = 0; j < g.window[1] * g.channels; ++j) *offsets++ = i * g.padded[1] * g.channels + j;
}

// One block of filters at one pooled entry.
template <class T>
CHAINRULE_INLINE inline void pooled_block(const float* window, const int64_t (&corners)[4], const int64_t* offsets,
                                          int64_t taps, const float* kernel, const float* bias, int64_t count, T* y,
                                          uint8_t* index) {
  float a[lanes], b[lanes], c[lanes], d[lanes];
  for (int f = 0; f < lanes; ++f) a[f] = b[f] = c[f] = d[f] = bias[f];
  for (int64_t t = 0; t < taps; ++t) {
    const float* at = window + offsets[t];
    const float in_a = at[corners[0]], in_b = at[corners[1]], in_c = at[corners[2]], in_d = at[corners[3]];
    const float* row = kernel + t * lanes;
#pragma omp simd
    for (int f = 0; f < lanes; ++f) {
      a[f] += in_a * row[f];
      b[f] += in_b * row[f];
      c[f] += in_c * row[f];
      d[f] += in_d * row[f];
    }
  }
  float best[lanes];
  int32_t chosen[lanes];
#pragma omp simd
  for (int f = 0; f < lanes; ++f) {
    float value = a[f];
    int32_t place = 0;
    // Larger, or the first nan.
    bool take = !(b[f] <= value) & (value == value);
    value = take ? b[f] : value, place = take ? 1 : place;
    take = !(c[f] <= value) & (value == value);
    value = take ? c[f] : value, place = take ? 2 : place;
    take = !(d[f] <= value) & (value == value);
    value = take ? d[f] : value, place = take ? 3 : place;
    const bool off = value <= 0;
    best[f] = off ? 0.0f : value;
    chosen[f] = off ? relu_off : place;
  }
  for (int64_t f = 0; f < count; ++f) y[f] = narrow<T>(best[f]), index[f] = static_cast<uint8_t>(chosen[f]);
}

template <class T>
void run_forward(ffi::ThreadPool& pool, const Geometry& g, const T* x, const T* w, const T* bias, T* y, uint8_t* index) {
  const int64_t taps = g.taps(), blocks = g.blocks();
  // Blocks of filters, filled up with zeros: (blocks, taps, lanes) and (blocks, lanes).
  std::vector<float> kernel(blocks * taps * lanes), shift(blocks * lanes);
  for (int64_t f = 0; f < g.filters; ++f) {
    for (int64_t t = 0; t < taps; ++t)
      kernel[(f / lanes * taps + t) * lanes + f % lanes] = widen(w[t * g.filters + f]);
    if (bias) shift[f] = widen(bias[f]);
  }
  int64_t offsets[most_taps];
  find_taps(g, offsets);
  const int64_t corners[4] = {g.corner(0), g.corner(1), g.corner(2), g.corner(3)};
  const double operations = 8.0 * g.batch * g.pooled[0] * g.pooled[1] * blocks * lanes * (taps + 2);
  const int64_t chunks = std::min(chunks_for(operations, 16), g.batch);
  parallel(pool, chunks, [&](int64_t number) {
    const Part own = part_of(g.batch, chunks, number);
    float* image = static_cast<float*>(workspace(Use::image, g.image_size() * sizeof(float)));
    vectorized([&]() CHAINRULE_INLINE {
      for (int64_t n = own.first; n < own.last; ++n) {
        pad_image(g, x, n, image);
        for (int64_t i = 0; i < g.pooled[0]; ++i)
          for (int64_t j = 0; j < g.pooled[1]; ++j)
            for (int64_t block = 0; block < blocks; ++block) {
              const int64_t to = ((n * g.pooled[0] + i) * g.pooled[1] + j) * g.filters + block * lanes;
              pooled_block(image + (2 * i * g.padded[1] + 2 * j) * g.channels, corners, offsets, taps,
                           kernel.data() + block * taps * lanes, shift.data() + block * lanes,
                           std::min<int64_t>(lanes, g.filters - block * lanes), y + to, index + to);
            }
      }
    });
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

// Adds to `sums` (taps, lanes) and `total` (lanes) what one image gives to one block of filters.
template <int count, class T>
CHAINRULE_INLINE inline void add_taps(const Geometry& g, const float* image, const int64_t* offsets, const T* u,
                                      const uint8_t* index, int64_t width, float* sums, float* total) {
  float run[count][lanes];
  for (int t = 0; t < count; ++t)
    for (int f = 0; f < lanes; ++f) run[t][f] = sums[t * lanes + f];
  for (int64_t i = 0; i < g.pooled[0]; ++i)
    for (int64_t j = 0; j < g.pooled[1]; ++j) {
      const int64_t at = (i * g.pooled[1] + j) * g.filters;
      float upstream[lanes] = {};
      int32_t chosen[lanes] = {};
      for (int64_t f = 0; f < width; ++f) upstream[f] = widen(u[at + f]), chosen[f] = index[at + f];
      for (int place = 0; place < 4; ++place) {
        const float* from = image + (2 * i * g.padded[1] + 2 * j) * g.channels + g.corner(place);
        float own[lanes];
#pragma omp simd
        for (int f = 0; f < lanes; ++f) own[f] = chosen[f] == place ? upstream[f] : 0.0f;
        if (total)
          for (int f = 0; f < lanes; ++f) total[f] += own[f];
#pragma GCC unroll 8
        for (int t = 0; t < count; ++t) {
          const float entry = from[offsets[t]];
#pragma omp simd
          for (int f = 0; f < lanes; ++f) run[t][f] += entry * own[f];
        }
      }
    }
  for (int t = 0; t < count; ++t)
    for (int f = 0; f < lanes; ++f) sums[t * lanes + f] = run[t][f];
}

template <class T>
void run_kernel_gradient(ffi::ThreadPool& pool, const Geometry& g, const T* x, const uint8_t* index, const T* u, T* dw,
                         T* db) {
  const int64_t taps = g.taps(), blocks = g.blocks(), block_size = (taps + 1) * lanes;
  int64_t offsets[most_taps];
  find_taps(g, offsets);
  const double operations = 8.0 * g.batch * g.pooled[0] * g.pooled[1] * blocks * lanes * (taps + 2);
  const int64_t chunks = std::max<int64_t>(std::min(chunks_for(operations, 16), g.batch), 1);
  std::vector<float> parts(chunks * blocks * block_size);
  parallel(pool, chunks, [&](int64_t number) {
    const Part own = part_of(g.batch, chunks, number);
    float* image = static_cast<float*>(workspace(Use::image, g.image_size() * sizeof(float)));
    vectorized([&]() CHAINRULE_INLINE {
      for (int64_t n = own.first; n < own.last; ++n) {
        pad_image(g, x, n, image);
        for (int64_t block = 0; block < blocks; ++block) {
          const int64_t from = n * g.pooled[0] * g.pooled[1] * g.filters + block * lanes;
          const int64_t width = std::min<int64_t>(lanes, g.filters - block * lanes);
          float* sums = parts.data() + (number * blocks + block) * block_size;
          float* total = sums + taps * lanes;
          int64_t t = 0;
          for (; t + taps_at_once <= taps; t += taps_at_once)
            add_taps<taps_at_once>(g, image, offsets + t, u + from, index + from, width, sums + t * lanes,
                                   t ? nullptr : total);
          for (; t < taps; ++t)
            add_taps<1>(g, image, offsets + t, u + from, index + from, width, sums + t * lanes, t ? nullptr : total);
        }
      }
    });
  });
  for (int64_t f = 0; f < g.filters; ++f)
    for (int64_t t = 0; t <= taps; ++t) {
      float sum = 0;
      for (int64_t part = 0; part < chunks; ++part)
        sum += parts[(part * blocks + f / lanes) * block_size + t * lanes + f % lanes];
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
