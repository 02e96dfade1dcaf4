// Max and average pooling and their gradients, channels last, one to three spatial axes.
#include "pool.h"

namespace chainrule {
namespace {

constexpr int64_t lanes = 64;     // channels at a time: their running results stay in the L1 cache
constexpr uint8_t no_position = 255;  // of a window without a maximum: relu was 0, or all entries were padding

struct Axis {
  int64_t in, out, window, stride, before;

  // The window of output `o` in the input, without padding.
  Part input_of(int64_t o) const {
    const int64_t first = o * stride - before;
    return {std::max<int64_t>(first, 0), std::min(first + window, in)};
  }
  // The outputs whose windows contain input `i`.
  Part outputs_of(int64_t i) const {
    const int64_t past = i + before - window;
    return {past < 0 ? 0 : past / stride + 1, std::min((i + before) / stride + 1, out)};
  }
  int64_t position(int64_t i, int64_t o) const { return i + before - o * stride; }
};

// Always three axes: missing ones have one entry.
struct Geometry {
  int64_t batch, channels;
  Axis axes[3];

  int64_t window() const { return axes[0].window * axes[1].window * axes[2].window; }
  int64_t in_offset(int64_t n, int64_t i, int64_t j, int64_t k) const {
    return (((n * axes[0].in + i) * axes[1].in + j) * axes[2].in + k) * channels;
  }
  int64_t out_offset(int64_t n, int64_t i, int64_t j, int64_t k) const {
    return (((n * axes[0].out + i) * axes[1].out + j) * axes[2].out + k) * channels;
  }
};

Geometry geometry(const Buffer& x, const Buffer& y, Span window, Span strides, Span before, Span after) {
  const Dims xs = dims_of(x), ys = dims_of(y);
  require(xs.size() >= 3 && xs.size() <= 5 && ys.size() == xs.size(),
          "pooling has 1 to 3 spatial axes, but the shapes are ", text(xs), " and ", text(ys));
  const size_t rank = xs.size() - 2;
  for (Span attribute : {window, strides, before, after})
    require(attribute.size() == rank, "window, strides, before and after need one number for each of ", rank,
            " spatial axes, not ", attribute.size());
  require(ys.front() == xs.front() && ys.back() == xs.back(), "pooling keeps the batch and the channels, but the shapes are ",
          text(xs), " and ", text(ys));
  Geometry g{xs.front(), xs.back(), {{1, 1, 1, 1, 0}, {1, 1, 1, 1, 0}, {1, 1, 1, 1, 0}}};
  for (size_t i = 0; i < rank; ++i) {
    require(window[i] >= 1 && strides[i] >= 1 && before[i] >= 0 && after[i] >= 0,
            "window and strides must be at least 1 and padding at least 0 along each axis");
    const int64_t room = xs[i + 1] + before[i] + after[i] - window[i];
    const int64_t fit = room < 0 ? 0 : room / strides[i] + 1;
    require(ys[i + 1] == fit, "along spatial axis ", i, " the output has ", ys[i + 1], " entries but ", fit, " fit");
    g.axes[i + 3 - rank] = {xs[i + 1], fit, window[i], strides[i], before[i]};
  }
  return g;
}

// Calls row(n, i, j) for all rows along the last axis of the input or output, in parallel.
template <class Row>
void over_rows(ffi::ThreadPool& pool, const Geometry& g, int64_t Axis::* side, const Row& row) {
  const int64_t outer = g.axes[0].*side, inner = g.axes[1].*side, rows = g.batch * outer * inner;
  const double work = 2.0 * rows * (g.axes[2].*side) * g.channels * std::min<int64_t>(g.window(), 16);
  const int64_t chunks = std::min(chunks_for(work, 16), std::max<int64_t>(rows, 1));
  parallel(pool, chunks, [&](int64_t number) {
    const Part own = part_of(rows, chunks, number);
    vectorized([&]() CHAINRULE_INLINE {
      for (int64_t r = own.first; r < own.last; ++r) row(r / (outer * inner), r / inner % outer, r % inner);
    });
  });
}

// ---- max pooling

template <class T>
CHAINRULE_INLINE inline void pool_maximum(const Geometry& g, const T* x, int64_t n, const int64_t (&o)[3], int64_t first,
                                     int64_t count, bool relu, T* y, uint8_t* index) {
  float best[lanes];
  int32_t chosen[lanes];
  for (int64_t c = 0; c < count; ++c) best[c] = -__builtin_inff(), chosen[c] = no_position;
  const Part is = g.axes[0].input_of(o[0]), js = g.axes[1].input_of(o[1]), ks = g.axes[2].input_of(o[2]);
  bool is_first = true;
  for (int64_t i = is.first; i < is.last; ++i)
    for (int64_t j = js.first; j < js.last; ++j)
      for (int64_t k = ks.first; k < ks.last; ++k) {
        const T* from = x + g.in_offset(n, i, j, k) + first;
        const int32_t position = (g.axes[0].position(i, o[0]) * g.axes[1].window + g.axes[1].position(j, o[1])) *
                                  g.axes[2].window + g.axes[2].position(k, o[2]);
#pragma omp simd
        for (int64_t c = 0; c < count; ++c) {
          const float value = widen(from[c]);
          // Larger, or the first nan: neither is less than or equal to a number.
          const bool take = is_first | (!(value <= best[c]) & (best[c] == best[c]));
          best[c] = take ? value : best[c];
          chosen[c] = take ? position : chosen[c];
        }
        is_first = false;
      }
#pragma omp simd
  for (int64_t c = 0; c < count; ++c) {
    const bool off = relu & (best[c] <= 0);
    y[c] = narrow<T>(off ? 0.0f : best[c]);
    index[c] = static_cast<uint8_t>(off ? no_position : chosen[c]);
  }
}

void require_small_window(const Geometry& g) {
  require(g.window() <= no_position, "a window of ", g.window(), " entries does not fit in a byte: at most ", int{no_position});
}

ffi::Error max_pool(ffi::ThreadPool pool, Buffer x, Result y, Result index, Span window, Span strides, Span before,
                    Span after, int64_t relu) {
  return guarded([&] {
    const Geometry g = geometry(x, *y, window, strides, before, after);
    require_small_window(g);
    require_shape(*index, dims_of(*y), "the index");
    require_type(*y, x.element_type(), "the output");
    require_type(*index, ffi::DataType::U8, "the index");
    by_type(x, [&](auto number) {
      using T = decltype(number);
      over_rows(pool, g, &Axis::out, [&](int64_t n, int64_t i, int64_t j) CHAINRULE_INLINE {
        for (int64_t k = 0; k < g.axes[2].out; ++k)
          for (int64_t c = 0; c < g.channels; c += lanes) {
            const int64_t to = g.out_offset(n, i, j, k) + c;
            pool_maximum(g, data<T>(x), n, {i, j, k}, c, std::min(lanes, g.channels - c), relu != 0, data<T>(*y) + to,
                    data<uint8_t>(*index) + to);
          }
      });
    });
  });
}

// For each input entry, sums over the windows that contain it, in the order of the windows: term(sums, the window's
// offset, count, position, window). Each entry is written once, by one thread.
template <class T, class Term>
void gather(ffi::ThreadPool& pool, const Geometry& g, T* dx, const Term& term) {
  over_rows(pool, g, &Axis::in, [&](int64_t n, int64_t i, int64_t j) CHAINRULE_INLINE {
    const Part as = g.axes[0].outputs_of(i), bs = g.axes[1].outputs_of(j);
    for (int64_t k = 0; k < g.axes[2].in; ++k) {
      const Part ds = g.axes[2].outputs_of(k);
      for (int64_t first = 0; first < g.channels; first += lanes) {
        const int64_t count = std::min(lanes, g.channels - first);
        float sums[lanes];
        for (int64_t c = 0; c < count; ++c) sums[c] = 0;
        for (int64_t a = as.first; a < as.last; ++a)
          for (int64_t b = bs.first; b < bs.last; ++b)
            for (int64_t d = ds.first; d < ds.last; ++d) {
              const int64_t o[3] = {a, b, d};
              const int32_t position = (g.axes[0].position(i, a) * g.axes[1].window + g.axes[1].position(j, b)) *
                                        g.axes[2].window + g.axes[2].position(k, d);
              term(sums, g.out_offset(n, a, b, d) + first, count, position, o);
            }
        T* to = dx + g.in_offset(n, i, j, k) + first;
#pragma omp simd
        for (int64_t c = 0; c < count; ++c) to[c] = narrow<T>(sums[c]);
      }
    }
  });
}

ffi::Error max_pool_gradient(ffi::ThreadPool pool, Buffer index, Buffer u, Result dx, Span window, Span strides,
                             Span before, Span after) {
  return guarded([&] {
    const Geometry g = geometry(*dx, u, window, strides, before, after);
    require_small_window(g);
    require_shape(index, dims_of(u), "the index");
    require_type(index, ffi::DataType::U8, "the index");
    require_type(*dx, u.element_type(), "the gradient");
    by_type(u, [&](auto number) {
      using T = decltype(number);
      gather(pool, g, data<T>(*dx),
             [&](float* sums, int64_t at, int64_t count, int32_t position, const int64_t*) CHAINRULE_INLINE {
               const T* from = data<T>(u) + at;
               const uint8_t* chosen = data<uint8_t>(index) + at;
#pragma omp simd
               for (int64_t c = 0; c < count; ++c) {
                 const float upstream = widen(from[c]);
                 sums[c] += chosen[c] == position ? upstream : 0.0f;
               }
             });
    });
  });
}

// ---- average pooling, over the entries that are not padding

CHAINRULE_INLINE inline float share(const Geometry& g, const int64_t* o) {
  int64_t count = 1;
  for (int axis = 0; axis < 3; ++axis) {
    const Part part = g.axes[axis].input_of(o[axis]);
    count *= std::max<int64_t>(part.last - part.first, 0);
  }
  return count ? 1.0f / static_cast<float>(count) : 0.0f;
}

template <class T>
CHAINRULE_INLINE inline void mean(const Geometry& g, const T* x, int64_t n, const int64_t (&o)[3], int64_t first,
                                  int64_t count, T* y) {
  float sums[lanes];
  for (int64_t c = 0; c < count; ++c) sums[c] = 0;
  const Part is = g.axes[0].input_of(o[0]), js = g.axes[1].input_of(o[1]), ks = g.axes[2].input_of(o[2]);
  for (int64_t i = is.first; i < is.last; ++i)
    for (int64_t j = js.first; j < js.last; ++j)
      for (int64_t k = ks.first; k < ks.last; ++k) {
        const T* from = x + g.in_offset(n, i, j, k) + first;
#pragma omp simd
        for (int64_t c = 0; c < count; ++c) sums[c] += widen(from[c]);
      }
  const float factor = share(g, o);
#pragma omp simd
  for (int64_t c = 0; c < count; ++c) y[c] = narrow<T>(sums[c] * factor);
}

ffi::Error average_pool(ffi::ThreadPool pool, Buffer x, Result y, Span window, Span strides, Span before, Span after) {
  return guarded([&] {
    const Geometry g = geometry(x, *y, window, strides, before, after);
    require_type(*y, x.element_type(), "the output");
    by_type(x, [&](auto number) {
      using T = decltype(number);
      over_rows(pool, g, &Axis::out, [&](int64_t n, int64_t i, int64_t j) CHAINRULE_INLINE {
        for (int64_t k = 0; k < g.axes[2].out; ++k)
          for (int64_t c = 0; c < g.channels; c += lanes)
            mean(g, data<T>(x), n, {i, j, k}, c, std::min(lanes, g.channels - c),
                 data<T>(*y) + g.out_offset(n, i, j, k) + c);
      });
    });
  });
}

ffi::Error average_pool_gradient(ffi::ThreadPool pool, Buffer u, Result dx, Span window, Span strides, Span before,
                                 Span after) {
  return guarded([&] {
    const Geometry g = geometry(*dx, u, window, strides, before, after);
    require_type(*dx, u.element_type(), "the gradient");
    by_type(u, [&](auto number) {
      using T = decltype(number);
      gather(pool, g, data<T>(*dx),
             [&](float* sums, int64_t at, int64_t count, int32_t, const int64_t* o) CHAINRULE_INLINE {
               const T* from = data<T>(u) + at;
               const float factor = share(g, o);
#pragma omp simd
               for (int64_t c = 0; c < count; ++c) sums[c] += widen(from[c]) * factor;
             });
    });
  });
}

}  // namespace

#define GEOMETRY .Attr<Span>("window").Attr<Span>("strides").Attr<Span>("before").Attr<Span>("after")

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_max_pool, max_pool,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Ret<Buffer>().Ret<Buffer>()
                                  GEOMETRY.Attr<int64_t>("relu"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_max_pool_gradient, max_pool_gradient,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>() GEOMETRY);
XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_average_pool, average_pool,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Ret<Buffer>() GEOMETRY);
XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_average_pool_gradient, average_pool_gradient,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Ret<Buffer>() GEOMETRY);

}  // namespace chainrule
