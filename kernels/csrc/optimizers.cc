// Adam and momentum in place: one pass over a weight and its slots.
#include "adam.h"

#include <cstring>

#include "pool.h"

namespace chainrule {

void require_weights(const std::vector<Buffer>& buffers) {
  for (const Buffer& buffer : buffers) {
    require_type(buffer, ffi::DataType::F32, "an optimizer's float32 operand");
    require_shape(buffer, dims_of(buffers.front()), "an operand or result");
  }
}

float scalar(const Buffer& buffer, const char* name) {
  require_type(buffer, ffi::DataType::F32, name);
  require(buffer.element_count() == 1, name, " is one number, not ", buffer.element_count());
  return *data<float>(buffer);
}

// The result's memory, which is the operand's if XLA aliases them; else the operand is copied.
float* in_place(const Buffer& operand, const Buffer& result) {
  if (operand.untyped_data() != result.untyped_data() && operand.element_count())
    std::memcpy(result.untyped_data(), operand.untyped_data(), operand.size_bytes());
  return data<float>(result);
}

namespace {

// Calls part(range) over all entries, in parallel if there are many.
template <class Loop>
void over_entries(ffi::ThreadPool& pool, int64_t size, const Loop& part) {
  const int64_t chunks = chunks_for(16.0 * size, 16);
  parallel(pool, chunks, [&](int64_t number) { part(part_of(size, chunks, number)); });
}

ffi::Error adam(ffi::ThreadPool pool, Buffer g, Buffer p, Buffer m, Buffer v, Buffer alpha, Result p_out, Result m_out,
                Result v_out, float beta_1, float beta_2, float epsilon) {
  return guarded([&] {
    require_weights({g, p, m, v, *p_out, *m_out, *v_out});
    const Adam adam{scalar(alpha, "alpha"), 1 - beta_1, 1 - beta_2, epsilon};
    const float* gradient = data<float>(g);
    float *weight = in_place(p, *p_out), *mean = in_place(m, *m_out), *square = in_place(v, *v_out);
    over_entries(pool, g.element_count(), [&](Part own) {
      const int64_t first = own.first;
      update(adam, gradient + first, weight + first, mean + first, square + first, own.last - first);
    });
  });
}

ffi::Error momentum(ffi::ThreadPool pool, Buffer g, Buffer p, Buffer m, Buffer rate, Result p_out, Result m_out,
                    float momentum, int64_t nesterov) {
  return guarded([&] {
    require_weights({g, p, m, *p_out, *m_out});
    const float step = scalar(rate, "rate");
    const float* gradient = data<float>(g);
    float *weight = in_place(p, *p_out), *velocity = in_place(m, *m_out);
    const bool use_nesterov = nesterov != 0;
    over_entries(pool, g.element_count(), [&](Part own) {
      vectorized([&]() CHAINRULE_INLINE {
#pragma omp simd
        for (int64_t i = own.first; i < own.last; ++i) {
          const float next = velocity[i] * momentum - gradient[i] * step;
          velocity[i] = next;
          weight[i] += use_nesterov ? next * momentum - gradient[i] * step : next;
        }
      });
    });
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_adam, adam,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Attr<float>("beta_1")
                                  .Attr<float>("beta_2")
                                  .Attr<float>("epsilon"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_momentum, momentum,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Arg<Buffer>()
                                  .Ret<Buffer>()
                                  .Ret<Buffer>()
                                  .Attr<float>("momentum")
                                  .Attr<int64_t>("nesterov"));

}  // namespace chainrule
