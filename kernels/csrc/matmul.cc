// y = activation(op(a) op(b) + bias) by oneDNN, split along the longer side of y.
#include <cstring>

#include "onednn.h"
#include "pool.h"

namespace chainrule {
namespace {

using dnnl::memory;
using Type = memory::data_type;

struct Product {
  int64_t rows, inner, columns;
  bool a_transposed, b_transposed, relu, biased;
};

struct Primitive {
  dnnl::primitive run;
  memory::desc a, b, bias, y, scratchpad;
};

// A part of `p` with these numbers of rows and columns; the strides are those of the whole product.
Primitive make(const Product& p, Type type, int64_t rows, int64_t columns) {
  Primitive result;
  result.a = memory::desc({rows, p.inner}, type, p.a_transposed ? Dims{1, p.rows} : Dims{p.inner, 1});
  result.b = memory::desc({p.inner, columns}, type, p.b_transposed ? Dims{1, p.inner} : Dims{p.columns, 1});
  result.y = memory::desc({rows, columns}, type, Dims{p.columns, 1});
  if (p.biased) result.bias = memory::desc({1, columns}, type, Dims{columns, 1});
  const auto attr = attributes(p.relu);
  const auto description = p.biased ? dnnl::matmul::primitive_desc(cpu(), result.a, result.b, result.bias, result.y, attr)
                                    : dnnl::matmul::primitive_desc(cpu(), result.a, result.b, result.y, attr);
  result.run = dnnl::matmul(description);
  result.scratchpad = description.scratchpad_desc();
  return result;
}

std::shared_ptr<const Primitive> primitive(const Product& p, Type type, int64_t rows, int64_t columns) {
  static Cache<Primitive> cache;
  const Dims key{static_cast<int64_t>(type), p.rows, p.inner, p.columns, p.a_transposed, p.b_transposed,
                 p.relu, p.biased, rows, columns};
  return cache.get(key, [&] { return make(p, type, rows, columns); });
}

void run_product(ffi::ThreadPool& pool, const Product& p, Type type, void* a, void* b, void* bias, void* y) {
  const bool by_rows = p.rows > p.columns;
  constexpr int64_t lanes = 16;
  constexpr double packing_cost = 8;  // each chunk packs the other operand again
  const int64_t units = (std::max(p.rows, p.columns) + lanes - 1) / lanes;
  const int64_t chunks = chunks_for(2.0 * p.rows * p.inner * p.columns / packing_cost, std::min<int64_t>(units, 8));
  auto place = [&](void* start, int64_t entries) {
    return static_cast<char*>(start) + entries * static_cast<int64_t>(memory::data_type_size(type));
  };
  parallel(pool, chunks, [&](int64_t number) {
    const Part part = part_of(units, chunks, number);
    const int64_t first = part.first * lanes, last = std::min(part.last * lanes, std::max(p.rows, p.columns));
    const int64_t row = by_rows ? first : 0, column = by_rows ? 0 : first;
    const auto own = primitive(p, type, by_rows ? last - first : p.rows, by_rows ? p.columns : last - first);
    OneThread one;
    auto at = [](const memory::desc& desc, void* start) { return memory(desc, cpu(), start); };
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, at(own->a, place(a, row * (p.a_transposed ? 1 : p.inner)))},
        {DNNL_ARG_WEIGHTS, at(own->b, place(b, column * (p.b_transposed ? p.inner : 1)))},
        {DNNL_ARG_SCRATCHPAD, at(own->scratchpad, workspace(Use::scratchpad, own->scratchpad.get_size()))},
        {DNNL_ARG_DST, at(own->y, place(y, row * p.columns + column))}};
    if (p.biased) arguments.emplace(DNNL_ARG_BIAS, at(own->bias, place(bias, column)));
    own->run.execute(one.stream(), arguments);
    one.stream().wait();
  });
}

// ---- a vector times a matrix: limited by memory, and oneDNN would pack the matrix first

constexpr int64_t width = 64;

// y[j] = sum over k of v[k] matrix[k, j], for the columns [first, last).
template <class T>
CHAINRULE_INLINE inline void combine_rows(const T* v, const T* matrix, int64_t inner, int64_t step, Part own, float* y) {
  for (int64_t j = own.first; j < own.last; j += width) {
    const int64_t count = std::min(width, own.last - j);
    float sums[width] = {};
    for (int64_t k = 0; k < inner; ++k) {
      const float factor = widen(v[k]);
      const T* row = matrix + k * step + j;
      if (count == width) {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) sums[i] += factor * widen(row[i]);
      } else {
        for (int64_t i = 0; i < count; ++i) sums[i] += factor * widen(row[i]);
      }
    }
    for (int64_t i = 0; i < count; ++i) y[j + i] = sums[i];
  }
}

// y[j] = sum over k of v[k] matrix[j, k].
template <class T>
CHAINRULE_INLINE inline void dot_rows(const T* v, const T* matrix, int64_t inner, Part own, float* y) {
  for (int64_t j = own.first; j < own.last; ++j) {
    const T* row = matrix + j * inner;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < inner; ++k) sum += widen(v[k]) * widen(row[k]);
    y[j] = sum;
  }
}

template <class T>
void run_vector(ffi::ThreadPool& pool, const Product& p, const T* a, const T* b, const T* bias, T* y) {
  const bool row = p.rows == 1;
  const T *v = row ? a : b, *matrix = row ? b : a;
  const bool rows_are_results = row ? p.b_transposed : !p.a_transposed;
  const int64_t length = row ? p.columns : p.rows, units = (length + width - 1) / width;
  std::vector<float> sums(length);
  const int64_t chunks = chunks_for(8.0 * length * p.inner, units);
  parallel(pool, chunks, [&](int64_t number) {
    const Part part = part_of(units, chunks, number);
    const Part own{part.first * width, std::min(part.last * width, length)};
    vectorized([&]() CHAINRULE_INLINE {
      if (rows_are_results)
        dot_rows(v, matrix, p.inner, own, sums.data());
      else
        combine_rows(v, matrix, p.inner, length, own, sums.data());
    });
    for (int64_t j = own.first; j < own.last; ++j) {
      const float value = sums[j] + (p.biased ? widen(bias[row ? j : 0]) : 0.0f);
      y[j] = narrow<T>(p.relu && value <= 0 ? 0.0f : value);
    }
  });
}

// The product over no entries: only the bias.
void fill_with_bias(const Buffer& bias, const Buffer& y, const Product& p) {
  by_type(y, [&](auto number) {
    using T = decltype(number);
    for (int64_t i = 0; i < p.rows * p.columns; ++i) {
      const float value = p.biased ? widen(data<T>(bias)[i % p.columns]) : 0.0f;
      data<T>(y)[i] = narrow<T>(p.relu && value <= 0 ? 0.0f : value);
    }
  });
}

ffi::Error matmul(ffi::ThreadPool pool, Buffer a, Buffer b, Buffer bias, Result y, int64_t ta, int64_t tb,
                  int64_t activation) {
  return guarded([&] {
    const Dims as = dims_of(a), bs = dims_of(b), ys = dims_of(*y);
    require(as.size() == 2 && bs.size() == 2 && ys.size() == 2, "matmul needs matrices, but the operands have the shapes ",
            text(as), " and ", text(bs), " and the result ", text(ys));
    for (int64_t flag : {ta, tb, activation})
      require(flag == 0 || flag == 1, "ta, tb and activation are 0 or 1, not ", flag);
    const Product p{as[ta], as[1 - ta], bs[1 - tb], ta == 1, tb == 1, activation == 1, bias.element_count() > 0};
    require(bs[tb] == p.inner, "the operands are joined over ", p.inner, " and ", bs[tb], " entries");
    require_shape(*y, {p.rows, p.columns}, "the result");
    if (p.biased) require_shape(bias, {p.columns}, "the bias");
    if (p.rows * p.columns == 0) return;
    if (p.inner == 0) return fill_with_bias(bias, *y, p);
    for (const Buffer& other : {b, bias, *y}) require_type(other, a.element_type(), "an operand or result");
    if (p.rows == 1 || p.columns == 1)
      return by_type(a, [&](auto number) {
        using T = decltype(number);
        run_vector(pool, p, data<T>(a), data<T>(b), data<T>(bias), data<T>(*y));
      });
    in_supported_type(true, {a, b, bias}, {*y}, [&](Type type, const Pointers& from, const Pointers& to) {
      run_product(pool, p, type, from[0], from[1], from[2], to[0]);
    });
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    chainrule_matmul, matmul,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>().Attr<int64_t>("ta").Attr<int64_t>("tb").Attr<int64_t>("activation"));

}  // namespace chainrule
