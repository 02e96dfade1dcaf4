// Statistics of each channel over all rows: mean and variance, and the sums for the gradient of a normalisation.
#include "pool.h"
#include "workspace.h"

namespace chainrule {
namespace {

// The numbers of rows and channels of an operand whose last axis is the channels.
struct Table {
  int64_t rows, channels;
};

Table table_of(const Buffer& x) {
  const Dims shape = dims_of(x);
  require(!shape.empty(), "the operand needs at least one axis, that of its channels");
  require_type(x, ffi::DataType::F32, "an operand of float32");
  return {shape.back() ? product(shape) / shape.back() : 0, shape.back()};
}

int64_t chunks_of(const Table& t) {
  return std::min(chunks_for(4.0 * t.rows * t.channels, 16), std::max<int64_t>(t.rows, 1));
}

// Calls body(first, width) for the channels in strips of constant width, whose sums stay in registers.
template <class Body>
CHAINRULE_INLINE inline void in_strips(int64_t channels, const Body& body) {
  int64_t first = 0;
  for (; first + 64 <= channels; first += 64) body(first, std::integral_constant<int64_t, 64>{});
  for (; first + 16 <= channels; first += 16) body(first, std::integral_constant<int64_t, 16>{});
  for (; first + 4 <= channels; first += 4) body(first, std::integral_constant<int64_t, 4>{});
  for (; first < channels; ++first) body(first, std::integral_constant<int64_t, 1>{});
}

constexpr int64_t block_entries = 4096;  // of a block that is read twice while it is in the L1 cache

// Combines the rows of a block with `seen` rows of these means and sums of squared deviations (Chan, Golub and LeVeque).
CHAINRULE_INLINE inline void join_block(const float* x, int64_t rows, int64_t channels, int64_t seen, float* mean,
                                        float* squares) {
  const float share = static_cast<float>(rows) / static_cast<float>(seen + rows);
  const float weight = static_cast<float>(seen) * share;
  in_strips(channels, [&](int64_t first, auto width) CHAINRULE_INLINE {
    constexpr int64_t w = decltype(width)::value;
    float sum[w] = {}, block_mean[w], deviations[w] = {};
    for (int64_t i = 0; i < rows; ++i)
#pragma omp simd
      for (int64_t c = 0; c < w; ++c) sum[c] += x[i * channels + first + c];
    for (int64_t c = 0; c < w; ++c) block_mean[c] = sum[c] / static_cast<float>(rows);
    for (int64_t i = 0; i < rows; ++i)
#pragma omp simd
      for (int64_t c = 0; c < w; ++c) {
        const float off = x[i * channels + first + c] - block_mean[c];
        deviations[c] += off * off;
      }
    for (int64_t c = 0; c < w; ++c) {
      const float difference = block_mean[c] - mean[first + c];
      squares[first + c] += deviations[c] + difference * difference * weight;
      mean[first + c] += difference * share;
    }
  });
}

ffi::Error moments(ffi::ThreadPool pool, Buffer x, Result mean, Result variance) {
  return guarded([&] {
    const Table t = table_of(x);
    for (const Buffer& result : {*mean, *variance}) {
      require_shape(result, {t.channels}, "a result");
      require_type(result, ffi::DataType::F32, "a result");
    }
    require(t.rows > 0, "the operand has no rows, and so no mean");
    const int64_t chunks = chunks_of(t), step = 2 * t.channels;
    const int64_t block = std::max<int64_t>(1, block_entries / std::max<int64_t>(t.channels, 1));
    float* parts = static_cast<float*>(workspace(Use::partial_sums, chunks * step * sizeof(float)));
    parallel(pool, chunks, [&](int64_t number) {
      const Part own = part_of(t.rows, chunks, number);
      vectorized([&]() CHAINRULE_INLINE {
        float *means = parts + number * step, *squares = means + t.channels;
        std::fill_n(means, step, 0.0f);
        for (int64_t row = own.first; row < own.last; row += block)
          join_block(data<float>(x) + row * t.channels, std::min(block, own.last - row), t.channels, row - own.first,
                     means, squares);
      });
    });
    float *means = data<float>(*mean), *squares = data<float>(*variance);
    for (int64_t c = 0; c < t.channels; ++c) {
      double combined_mean = 0, deviations = 0;
      for (int64_t number = 0, seen = 0; number < chunks; ++number) {
        const Part own = part_of(t.rows, chunks, number);
        const double rows = static_cast<double>(own.last - own.first), share = rows / static_cast<double>(own.last);
        const double difference = parts[number * step + c] - combined_mean;
        deviations += parts[number * step + t.channels + c] + difference * difference * static_cast<double>(seen) * share;
        combined_mean += difference * share;
        seen = own.last;
      }
      means[c] = static_cast<float>(combined_mean);
      squares[c] = static_cast<float>(deviations / static_cast<double>(t.rows));
    }
  });
}

// sums = sum over rows of u; products = sum over rows of u (x - mean).
ffi::Error channel_sums(ffi::ThreadPool pool, Buffer x, Buffer u, Buffer mean, Result sums, Result products) {
  return guarded([&] {
    const Table t = table_of(x);
    require_shape(u, dims_of(x), "the upstream");
    require_type(u, ffi::DataType::F32, "the upstream");
    for (const Buffer& other : {mean, *sums, *products}) {
      require_shape(other, {t.channels}, "the mean or a result");
      require_type(other, ffi::DataType::F32, "the mean or a result");
    }
    const int64_t chunks = chunks_of(t), step = 2 * t.channels;
    float* parts = static_cast<float*>(workspace(Use::partial_sums, chunks * step * sizeof(float)));
    const float *xs = data<float>(x), *us = data<float>(u), *means = data<float>(mean);
    parallel(pool, chunks, [&](int64_t number) {
      const Part own = part_of(t.rows, chunks, number);
      vectorized([&]() CHAINRULE_INLINE {
        in_strips(t.channels, [&](int64_t first, auto width) CHAINRULE_INLINE {
          constexpr int64_t w = decltype(width)::value;
          float sum[w] = {}, products_sum[w] = {};
          for (int64_t i = own.first * t.channels + first; i < own.last * t.channels; i += t.channels)
#pragma omp simd
            for (int64_t c = 0; c < w; ++c) {
              sum[c] += us[i + c];
              products_sum[c] += us[i + c] * (xs[i + c] - means[first + c]);
            }
          std::copy_n(sum, w, parts + number * step + first);
          std::copy_n(products_sum, w, parts + number * step + t.channels + first);
        });
      });
    });
    for (int64_t c = 0; c < t.channels; ++c) {
      double sum = 0, products_sum = 0;
      for (int64_t number = 0; number < chunks; ++number) {
        sum += parts[number * step + c];
        products_sum += parts[number * step + t.channels + c];
      }
      data<float>(*sums)[c] = static_cast<float>(sum);
      data<float>(*products)[c] = static_cast<float>(products_sum);
    }
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_moments, moments,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Ret<Buffer>().Ret<Buffer>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    chainrule_channel_sums, channel_sums,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>().Ret<Buffer>());

}  // namespace chainrule
