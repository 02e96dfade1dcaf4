#include "onednn.h"

// Functions of the OpenMP library that oneDNN was built with, null if there is none.
extern "C" {
__attribute__((weak)) int omp_get_max_threads();
__attribute__((weak)) void omp_set_num_threads(int);
}

namespace chainrule {

OneThread::OneThread() : before_(omp_get_max_threads ? omp_get_max_threads() : 1) {
  if (before_ != 1) omp_set_num_threads(1);
}

OneThread::~OneThread() {
  if (before_ != 1) omp_set_num_threads(before_);
}

dnnl::stream& OneThread::stream() {
  thread_local dnnl::stream stream(cpu());
  return stream;
}

dnnl::primitive_attr attributes(bool relu) {
  dnnl::primitive_attr attr;
  // oneDNN's own scratchpad is shared by the threads that run a primitive, which would give wrong results silently.
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (relu) {
    dnnl::post_ops after;
    after.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
    attr.set_post_ops(after);
  }
  return attr;
}

namespace {

using Type = dnnl::memory::data_type;

bool has_bfloat16() {
  static const bool has = [] {
    const dnnl::memory::desc square({16, 16}, Type::bf16, dnnl::memory::format_tag::ab);
    const dnnl::matmul::primitive_desc probe(cpu(), square, square, square, dnnl::primitive_attr(), true);
    return static_cast<bool>(probe);
  }();
  return has;
}

std::vector<float> widened(const Buffer& buffer) {
  std::vector<float> values(buffer.element_count());
  const bfloat16* from = data<bfloat16>(buffer);
  for (size_t i = 0; i < values.size(); ++i) values[i] = widen(from[i]);
  return values;
}

void store(const std::vector<float>& values, const Buffer& buffer) {
  bfloat16* to = data<bfloat16>(buffer);
  for (size_t i = 0; i < values.size(); ++i) to[i] = narrow<bfloat16>(values[i]);
}

}  // namespace

void in_supported_type(bool allowed, const std::vector<Buffer>& inputs, const std::vector<Buffer>& outputs, const Run& run) {
  const ffi::DataType type = inputs.front().element_type();
  for (const Buffer& other : inputs) require_type(other, type, "an operand");
  for (const Buffer& other : outputs) require_type(other, type, "a result");
  require(type == ffi::DataType::F32 || type == ffi::DataType::BF16,
          "kernels compute in float32 and bfloat16 only: cast the operands");
  const bool narrow = type == ffi::DataType::BF16;
  Pointers from, to;
  if (!narrow || (allowed && has_bfloat16())) {
    for (const Buffer& input : inputs) from.push_back(input.untyped_data());
    for (const Buffer& output : outputs) to.push_back(output.untyped_data());
    return run(narrow ? Type::bf16 : Type::f32, from, to);
  }
  std::vector<std::vector<float>> read, written;
  for (const Buffer& input : inputs) from.push_back(read.emplace_back(widened(input)).data());
  for (const Buffer& output : outputs) to.push_back(written.emplace_back(output.element_count()).data());
  run(Type::f32, from, to);
  for (size_t i = 0; i < outputs.size(); ++i) store(written[i], outputs[i]);
}

}  // namespace chainrule
