// Convolution, its transpose, and the gradient of its kernel, by oneDNN. Channels last; kernels (*window, channels /
// groups, filters); one to three spatial axes.
#include <cstring>

#include "onednn.h"
#include "pool.h"

namespace chainrule {
namespace {

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

// The sizes of y = conv(x, w), for all three handlers.
struct Geometry {
  int64_t batch, channels, filters, groups;
  Dims in, out, window, strides, dilation, before, after;

  Dims x_shape() const { return around(channels, in); }
  Dims y_shape() const { return around(filters, out); }
  Dims w_shape() const {
    Dims shape = window;
    shape.push_back(channels / groups);
    shape.push_back(filters);
    return shape;
  }
  double operations() const {
    return 2.0 * product(y_shape()) * product(window) * static_cast<double>(channels / groups);
  }
  int64_t reach(size_t axis) const { return dilation[axis] * (window[axis] - 1) + 1; }

 private:
  Dims around(int64_t last, const Dims& spatial) const {
    Dims shape{batch};
    shape.insert(shape.end(), spatial.begin(), spatial.end());
    shape.push_back(last);
    return shape;
  }
};

Geometry geometry(const Buffer& x, const Buffer& w, const Buffer& y, Span strides, Span dilation, Span before, Span after,
                  int64_t groups) {
  const Dims xs = dims_of(x), ws = dims_of(w), ys = dims_of(y);
  require(xs.size() >= 3 && xs.size() <= 5, "a convolution has 1 to 3 spatial axes, but the input has the shape ", text(xs));
  const size_t rank = xs.size() - 2;
  require(ws.size() == rank + 2 && ys.size() == rank + 2, "input, kernel and output need the same number of axes, but ",
          "they have the shapes ", text(xs), ", ", text(ws), " and ", text(ys));
  for (Span attribute : {strides, dilation, before, after})
    require(attribute.size() == rank, "strides, dilation, before and after need one number for each of ", rank,
            " spatial axes, not ", attribute.size());
  auto middle = [](const Dims& dims, size_t skip) { return Dims(dims.begin() + skip, dims.end() - (2 - skip)); };
  auto dims = [](Span span) { return Dims(span.begin(), span.end()); };
  const Geometry g{xs.front(),   xs.back(),    ys.back(),      groups,       middle(xs, 1), middle(ys, 1),
                   middle(ws, 0), dims(strides), dims(dilation), dims(before), dims(after)};
  require(groups >= 1 && g.channels % groups == 0 && g.filters % groups == 0, groups,
          " groups do not divide ", g.channels, " channels and ", g.filters, " filters");
  require_shape(w, g.w_shape(), "the kernel");
  require_shape(y, g.y_shape(), "the output");
  for (size_t i = 0; i < rank; ++i) {
    require(g.strides[i] >= 1 && g.dilation[i] >= 1 && g.window[i] >= 1 && g.before[i] >= 0 && g.after[i] >= 0,
            "strides, dilation and window must be at least 1 and padding at least 0 along each axis");
    const int64_t room = g.in[i] + g.before[i] + g.after[i] - g.reach(i);
    const int64_t fit = room < 0 ? 0 : room / g.strides[i] + 1;
    require(g.out[i] == fit, "along spatial axis ", i, " the output has ", g.out[i], " entries but ", fit, " fit");
  }
  return g;
}

enum class Kind { forward, forward_relu, input_gradient, kernel_gradient };

// A primitive and the layouts of its operands. `plain` is the kernel's layout here, `packed` that of the primitive.
struct Primitive {
  dnnl::primitive run;
  memory::desc x, y, bias, plain, packed, scratchpad;
  dnnl::primitive repack;
};

memory::desc plain_kernel(const Geometry& g, Type type) {
  const size_t rank = g.window.size();
  const bool grouped = g.groups > 1;
  const int64_t inputs = g.channels / g.groups, outputs = g.filters / g.groups;
  Dims dims, steps;
  if (grouped) dims.push_back(g.groups), steps.push_back(outputs);
  dims.insert(dims.end(), {outputs, inputs});
  steps.insert(steps.end(), {1, g.filters});
  for (size_t i = 0; i < rank; ++i) {
    dims.push_back(g.window[i]);
    steps.push_back(g.filters * inputs * product(g.window, i + 1));
  }
  return {dims, type, steps};
}

memory::desc channels_last(const Geometry& g, int64_t channels, const Dims& spatial, Type type) {
  Dims dims{g.batch, channels};
  dims.insert(dims.end(), spatial.begin(), spatial.end());
  return {dims, type, std::vector<Tag>{Tag::nwc, Tag::nhwc, Tag::ndhwc}[spatial.size() - 1]};
}

Primitive make(Kind kind, const Geometry& g, Type type, bool with_bias) {
  Primitive result;
  result.x = channels_last(g, g.channels, g.in, type);
  result.y = channels_last(g, g.filters, g.out, type);
  result.plain = plain_kernel(g, type);
  // Sums of many products, and of the chunks' parts, are in float32.
  const Type sums = kind == Kind::kernel_gradient ? Type::f32 : type;
  if (with_bias) result.bias = memory::desc({g.filters}, sums, Tag::x);
  const memory::desc any(result.plain.get_dims(), sums, Tag::any);
  const memory::desc hint_any(result.plain.get_dims(), type, Tag::any);
  Dims gaps = g.dilation;
  for (int64_t& gap : gaps) gap -= 1;
  const auto direct = dnnl::algorithm::convolution_direct;
  const dnnl::convolution_forward::primitive_desc forward(
      cpu(), dnnl::prop_kind::forward_training, direct, result.x, hint_any,
      kind == Kind::kernel_gradient ? memory::desc() : result.bias, result.y, g.strides, gaps, g.before, g.after,
      attributes(kind == Kind::forward_relu));
  auto finish = [&](const auto& description, const memory::desc& kernel) {
    result.run = dnnl::primitive(description);
    result.packed = kernel;
    result.scratchpad = description.scratchpad_desc();
  };
  if (kind == Kind::input_gradient) {
    const dnnl::convolution_backward_data::primitive_desc description(
        cpu(), direct, result.x, hint_any, result.y, g.strides, gaps, g.before, g.after, forward, attributes(false));
    finish(description, description.weights_desc());
  } else if (kind == Kind::kernel_gradient) {
    dnnl::convolution_backward_weights::primitive_desc description(
        cpu(), direct, result.x, any, result.bias, result.y, g.strides, gaps, g.before, g.after, forward, attributes(false));
    // Its strided 1x1 kernels write past their buffer where channels do not fill a block (oneDNN's issue 6035).
    const bool strided = product(g.strides) > 1;
    while (strided && std::strstr(description.impl_info_str(), "1x1") && description.next_impl()) {
    }
    finish(description, description.diff_weights_desc());
  } else {
    finish(forward, forward.weights_desc());
  }
  const bool back = kind == Kind::kernel_gradient;
  const dnnl::reorder::primitive_desc repack(cpu(), back ? result.packed : result.plain, cpu(),
                                             back ? result.plain : result.packed);
  result.repack = dnnl::reorder(repack);
  return result;
}

std::shared_ptr<const Primitive> primitive(Kind kind, const Geometry& g, Type type, bool with_bias) {
  static Cache<Primitive> cache;
  Dims key{static_cast<int64_t>(kind), static_cast<int64_t>(type), with_bias, g.batch, g.channels, g.filters, g.groups};
  for (const Dims* dims : {&g.in, &g.out, &g.window, &g.strides, &g.dilation, &g.before, &g.after})
    key.insert(key.end(), dims->begin(), dims->end());
  return cache.get(key, [&] { return make(kind, g, type, with_bias); });
}

memory at(const memory::desc& desc, void* place) { return {desc, cpu(), place}; }

memory scratchpad(const Primitive& primitive) {
  return at(primitive.scratchpad, workspace(Use::scratchpad, primitive.scratchpad.get_size()));
}

void repack(const Primitive& primitive, const memory& from, const memory& to) {
  OneThread one;
  primitive.repack.execute(one.stream(), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  one.stream().wait();
}

memory packed_kernel(const Primitive& primitive, void* w, Use use) {
  if (primitive.packed == primitive.plain) return at(primitive.plain, w);
  const memory packed = at(primitive.packed, workspace(use, primitive.packed.get_size()));
  repack(primitive, at(primitive.plain, w), packed);
  return packed;
}

// The kernel in the layout of `first`, packed once a call and read by all chunks; a chunk whose primitive has another
// layout, as pieces of other sizes may, packs its own.
class PackedKernel {
 public:
  PackedKernel(const Primitive& first, void* w)
      : first_(first), w_(w), packed_(packed_kernel(first, w, Use::weights)) {}
  memory layout_of(const Primitive& own) const {
    return own.packed == first_.packed ? packed_ : packed_kernel(own, w_, Use::other_weights);
  }

 private:
  const Primitive& first_;
  void* w_;
  memory packed_;
};

Geometry with_batch(Geometry g, int64_t batch) {
  g.batch = batch;
  return g;
}

char* advance(void* place, int64_t entries, Type type) {
  return static_cast<char*>(place) + entries * static_cast<int64_t>(memory::data_type_size(type));
}

// ---- forward

// A chunk is some images or, if there are few, some output rows of one image.
struct Piece {
  Geometry geometry;
  int64_t x_first, y_first;
};

Piece rows_of(const Geometry& g, int64_t image, Part rows) {
  const int64_t from = rows.first * g.strides[0] - g.before[0];
  const int64_t to = (rows.last - 1) * g.strides[0] - g.before[0] + g.reach(0);
  const Part read{std::max<int64_t>(from, 0), std::min(to, g.in[0])};
  Piece piece{with_batch(g, 1), 0, 0};
  piece.geometry.in[0] = read.last - read.first;
  piece.geometry.out[0] = rows.last - rows.first;
  piece.geometry.before[0] = read.first - from;
  piece.geometry.after[0] = to - read.last;
  piece.x_first = (image * g.in[0] + read.first) * product(g.in, 1) * g.channels;
  piece.y_first = (image * g.out[0] + rows.first) * product(g.out, 1) * g.filters;
  return piece;
}

std::vector<Piece> pieces(const Geometry& g) {
  const int64_t wanted = chunks_for(g.operations(), 16);
  std::vector<Piece> result;
  const bool rows_meet_input = g.before[0] < g.reach(0) && g.after[0] < g.reach(0);
  if (g.batch < wanted && rows_meet_input) {
    const int64_t each = std::min((wanted + g.batch - 1) / g.batch, g.out[0]);
    for (int64_t image = 0; image < g.batch; ++image)
      for (int64_t i = 0; i < each; ++i) result.push_back(rows_of(g, image, part_of(g.out[0], each, i)));
    return result;
  }
  const int64_t chunks = std::min(wanted, g.batch);
  for (int64_t i = 0; i < chunks; ++i) {
    const Part images = part_of(g.batch, chunks, i);
    result.push_back({with_batch(g, images.last - images.first), images.first * product(g.in) * g.channels,
                      images.first * product(g.out) * g.filters});
  }
  return result;
}

void run_forward(ffi::ThreadPool& pool, const Geometry& g, Type type, void* x, void* w, void* bias, void* y, bool relu) {
  const Kind kind = relu ? Kind::forward_relu : Kind::forward;
  const std::vector<Piece> chunks = pieces(g);
  const auto first = primitive(kind, chunks[0].geometry, type, bias);
  const PackedKernel kernel(*first, w);
  parallel(pool, chunks.size(), [&](int64_t number) {
    const Piece& piece = chunks[number];
    const auto own = primitive(kind, piece.geometry, type, bias);
    OneThread one;
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, at(own->x, advance(x, piece.x_first, type))},
                                              {DNNL_ARG_WEIGHTS, kernel.layout_of(*own)},
                                              {DNNL_ARG_SCRATCHPAD, scratchpad(*own)},
                                              {DNNL_ARG_DST, at(own->y, advance(y, piece.y_first, type))}};
    if (bias) arguments.emplace(DNNL_ARG_BIAS, at(own->bias, bias));
    own->run.execute(one.stream(), arguments);
    one.stream().wait();
  });
}

// The output of a convolution without channels.
void fill_with_bias(const Buffer& bias, const Buffer& y, bool relu) {
  by_type(y, [&](auto number) {
    using T = decltype(number);
    const int64_t filters = dims_of(y).back();
    for (int64_t i = 0; i < static_cast<int64_t>(y.element_count()); ++i) {
      const float value = bias.element_count() ? widen(data<T>(bias)[i % filters]) : 0.0f;
      data<T>(y)[i] = narrow<T>(relu && value <= 0 ? 0.0f : value);
    }
  });
}

ffi::Error conv(ffi::ThreadPool pool, Buffer x, Buffer w, Buffer bias, Result y, Span strides, Span dilation, Span before,
                Span after, int64_t groups, int64_t activation) {
  return guarded([&] {
    const Geometry g = geometry(x, w, *y, strides, dilation, before, after, groups);
    require(activation == 0 || activation == 1, "activation is 0 (none) or 1 (relu), not ", activation);
    const bool with_bias = bias.dimensions().size() != 1 || bias.dimensions()[0] != 0;
    if (with_bias) require_shape(bias, {g.filters}, "the bias");
    if (y->element_count() == 0) return;
    if (x.element_count() == 0) return fill_with_bias(bias, *y, activation);
    in_supported_type(true, {x, w, bias}, {*y}, [&](Type type, const Pointers& from, const Pointers& to) {
      run_forward(pool, g, type, from[0], from[1], with_bias ? from[2] : nullptr, to[0], activation);
    });
  });
}

// ---- transpose

void run_transpose(ffi::ThreadPool& pool, const Geometry& g, Type type, void* u, void* w, void* x) {
  const int64_t chunks = std::min(chunks_for(g.operations(), 16), g.batch);
  const auto of = [&](Part images) {
    return primitive(Kind::input_gradient, with_batch(g, images.last - images.first), type, false);
  };
  const auto first = of(part_of(g.batch, chunks, 0));
  const PackedKernel kernel(*first, w);
  parallel(pool, chunks, [&](int64_t number) {
    const Part images = part_of(g.batch, chunks, number);
    const auto own = of(images);
    OneThread one;
    own->run.execute(
        one.stream(),
        {{DNNL_ARG_DIFF_DST, at(own->y, advance(u, images.first * product(g.out) * g.filters, type))},
         {DNNL_ARG_WEIGHTS, kernel.layout_of(*own)},
         {DNNL_ARG_SCRATCHPAD, scratchpad(*own)},
         {DNNL_ARG_DIFF_SRC, at(own->x, advance(x, images.first * product(g.in) * g.channels, type))}});
    one.stream().wait();
  });
}

ffi::Error conv_transpose(ffi::ThreadPool pool, Buffer u, Buffer w, Result x, Span strides, Span dilation, Span before,
                          Span after, int64_t groups) {
  return guarded([&] {
    const Geometry g = geometry(*x, w, u, strides, dilation, before, after, groups);
    if (x->element_count() == 0) return;
    if (u.element_count() == 0) {
      std::memset(x->untyped_data(), 0, x->size_bytes());
      return;
    }
    in_supported_type(true, {u, w}, {*x}, [&](Type type, const Pointers& from, const Pointers& to) {
      run_transpose(pool, g, type, from[0], from[1], to[0]);
    });
  });
}

// ---- gradient of the kernel

// sums[i] += the other parts' entries i, in the order of the chunks.
void add_parts(ffi::ThreadPool& pool, float* sums, int64_t size, int64_t step, int64_t parts) {
  const int64_t chunks = chunks_for(static_cast<double>(size) * (parts - 1), 16);
  parallel(pool, chunks, [&](int64_t number) {
    const Part own = part_of(size, chunks, number);
    vectorized([&]() CHAINRULE_INLINE {
      for (int64_t part = 1; part < parts; ++part) {
        const float* more = sums + part * step;
        for (int64_t i = own.first; i < own.last; ++i) sums[i] += more[i];
      }
    });
  });
}

void run_kernel_gradient(ffi::ThreadPool& pool, const Geometry& g, Type type, void* x, void* u, void* dw, void* db) {
  const int64_t chunks = std::min(chunks_for(g.operations() / 4, 8), g.batch);
  const auto of = [&](Part images) {
    return primitive(Kind::kernel_gradient, with_batch(g, images.last - images.first), type, true);
  };
  const auto first = of(part_of(g.batch, chunks, 0));
  constexpr int64_t line = 16;
  const int64_t kernel_size = (first->packed.get_size() / sizeof(float) + line - 1) / line * line;
  const int64_t step = (kernel_size + g.filters + line - 1) / line * line;
  float* parts = static_cast<float*>(workspace(Use::partial_sums, chunks * step * sizeof(float)));
  parallel(pool, chunks, [&](int64_t number) {
    const Part images = part_of(g.batch, chunks, number);
    const auto own = of(images);
    if (own->packed != first->packed) throw std::runtime_error("oneDNN has two layouts for one kernel");
    OneThread one;
    float* part = parts + number * step;
    own->run.execute(one.stream(),
                     {{DNNL_ARG_SRC, at(own->x, advance(x, images.first * product(g.in) * g.channels, type))},
                      {DNNL_ARG_DIFF_DST, at(own->y, advance(u, images.first * product(g.out) * g.filters, type))},
                      {DNNL_ARG_DIFF_WEIGHTS, at(own->packed, part)},
                      {DNNL_ARG_DIFF_BIAS, at(own->bias, part + kernel_size)},
                      {DNNL_ARG_SCRATCHPAD, scratchpad(*own)}});
    one.stream().wait();
  });
  add_parts(pool, parts, step, step, chunks);
  repack(*first, at(first->packed, parts), at(first->plain, dw));
  const float* sums = parts + kernel_size;
  for (int64_t f = 0; f < g.filters; ++f)
    if (type == Type::f32)
      static_cast<float*>(db)[f] = sums[f];
    else
      static_cast<bfloat16*>(db)[f] = narrow<bfloat16>(sums[f]);
}

// db if there are no channels: dw is empty, but the sums over u are not.
void sum_over_positions(const Buffer& u, const Buffer& db) {
  by_type(u, [&](auto number) {
    using T = decltype(number);
    const int64_t filters = db.element_count(), positions = u.element_count() / filters;
    for (int64_t f = 0; f < filters; ++f) {
      float sum = 0;
      for (int64_t i = 0; i < positions; ++i) sum += widen(data<T>(u)[i * filters + f]);
      data<T>(db)[f] = narrow<T>(sum);
    }
  });
}

ffi::Error conv_kernel(ffi::ThreadPool pool, Buffer x, Buffer u, Result dw, Result db, Span strides, Span dilation,
                       Span before, Span after, int64_t groups) {
  return guarded([&] {
    const Geometry g = geometry(x, *dw, u, strides, dilation, before, after, groups);
    require_shape(*db, {g.filters}, "the gradient of the bias");
    if (g.filters == 0) return;
    if (x.element_count() == 0 || u.element_count() == 0) {
      if (dw->element_count()) std::memset(dw->untyped_data(), 0, dw->size_bytes());
      return sum_over_positions(u, *db);
    }
    // oneDNN's bfloat16 kernels give wrong gradients of dilated kernels.
    const bool narrow = product(g.dilation) == 1;
    in_supported_type(narrow, {x, u}, {*dw, *db}, [&](Type type, const Pointers& from, const Pointers& to) {
      run_kernel_gradient(pool, g, type, from[0], from[1], to[0], to[1]);
    });
  });
}

}  // namespace

#define GEOMETRY                    \
  .Attr<Span>("strides")            \
      .Attr<Span>("dilation")       \
      .Attr<Span>("before")         \
      .Attr<Span>("after")          \
      .Attr<int64_t>("groups")

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_conv, conv,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>()
                                  GEOMETRY.Attr<int64_t>("activation"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_conv_transpose, conv_transpose,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>() GEOMETRY);
XLA_FFI_DEFINE_HANDLER_SYMBOL(
    chainrule_conv_kernel, conv_kernel,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<Buffer>().Arg<Buffer>().Ret<Buffer>().Ret<Buffer>() GEOMETRY);

}  // namespace chainrule
