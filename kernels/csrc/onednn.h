// oneDNN for convolution and matmul: one engine, one thread, cached primitives.
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

// While it exists, oneDNN uses only this thread: `parallel` distributes the chunks, and two thread pools would compete.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  dnnl::stream& stream();

 private:
  int before_;
};

dnnl::primitive_attr attributes(bool relu);

// The primitives of one kind, created once for each key.
template <class Primitive>
class Cache {
 public:
  template <class Make>
  std::shared_ptr<const Primitive> get(const Dims& key, const Make& make) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto cached = primitives_.find(key);
    if (cached != primitives_.end()) return cached->second;
    if (primitives_.size() >= max_size) primitives_.clear();
    OneThread one;
    return primitives_[key] = std::make_shared<const Primitive>(make());
  }

 private:
  static constexpr size_t max_size = 512;
  std::mutex mutex_;
  std::map<Dims, std::shared_ptr<const Primitive>> primitives_;
};

// Calls run(type, inputs, outputs) in the buffers' type, or, for bfloat16 if oneDNN lacks it or it is not `allowed`, in
// float32 on converted copies.
using Pointers = std::vector<void*>;
using Run = std::function<void(dnnl::memory::data_type, const Pointers&, const Pointers&)>;
void in_supported_type(bool allowed, const std::vector<Buffer>& inputs, const std::vector<Buffer>& outputs, const Run& run);

}  // namespace chainrule
