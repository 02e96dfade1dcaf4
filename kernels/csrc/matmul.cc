// y = activation(op(a) op(b) + bias) through oneDNN, cut along the longer side of y.
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

// A part of `p` with so many rows and columns; the steps between entries are the whole's.
Primitive make(const Product& p, Type type, int64_t rows, int64_t columns) {
  Primitive made;
  made.a = memory::desc({rows, p.inner}, type, p.a_transposed ? Dims{1, p.rows} : Dims{p.inner, 1});
  made.b = memory::desc({p.inner, columns}, type, p.b_transposed ? Dims{1, p.inner} : Dims{p.columns, 1});
  made.y = memory::desc({rows, columns}, type, Dims{p.columns, 1});
  if (p.biased) made.bias = memory::desc({1, columns}, type, Dims{columns, 1});
  const auto attr = attributes(p.relu);
  const auto description = p.biased ? dnnl::matmul::primitive_desc(cpu(), made.a, made.b, made.bias, made.y, attr)
                                    : dnnl::matmul::primitive_desc(cpu(), made.a, made.b, made.y, attr);
  made.run = dnnl::matmul(description);
  made.scratchpad = description.scratchpad_desc();
  return made;
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
  constexpr double worth_packing = 8;  // each chunk packs the other operand again
  const int64_t units = (std::max(p.rows, p.columns) + lanes - 1) / lanes;
  const int64_t chunks = chunks_for(2.0 * p.rows * p.inner * p.columns / worth_packing, std::min<int64_t>(units, 8));
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

// The product over no entries: the bias alone.
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
