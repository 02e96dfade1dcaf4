// What convolution and matmul need around oneDNN: one engine, one thread inside, primitives kept.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "common.h"
#include "oneapi/dnnl/dnnl.hpp"
#include "workspace.h"

namespace chainrule {

inline dnnl::engine& cpu() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

// While it lives, oneDNN computes in this thread alone: chunks are shared out by `parallel`, and two pools would fight.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  dnnl::stream& stream();

 private:
  int before_;
};

dnnl::primitive_attr attributes(bool relu);

// The primitives of one kind, made once for each key; few enough to be kept.
template <class Primitive>
class Cache {
 public:
  template <class Make>
  std::shared_ptr<const Primitive> get(const Dims& key, const Make& make) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = primitives_.find(key);
    if (found != primitives_.end()) return found->second;
    if (primitives_.size() >= most) primitives_.clear();
    OneThread one;
    return primitives_[key] = std::make_shared<const Primitive>(make());
  }

 private:
  static constexpr size_t most = 512;
  std::mutex mutex_;
  std::map<Dims, std::shared_ptr<const Primitive>> primitives_;
};

// Runs run(type, inputs, outputs) in the buffers' type, or, for bfloat16 where oneDNN has none or it is not `allowed`, in
// float32 on widened copies.
using Pointers = std::vector<void*>;
using Run = std::function<void(dnnl::memory::data_type, const Pointers&, const Pointers&)>;
void in_supported_type(bool allowed, const std::vector<Buffer>& inputs, const std::vector<Buffer>& outputs, const Run& run);

}  // namespace chainrule
