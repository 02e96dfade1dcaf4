// What every kernel shares: its operands, its refusals, its loops over vectors.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <new>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "xla/ffi/api/ffi.h"

#if defined(__GNUC__)
#define CHAINRULE_INLINE __attribute__((always_inline))
#else
#define CHAINRULE_INLINE
#endif

namespace chainrule {

namespace ffi = xla::ffi;

using Buffer = ffi::AnyBuffer;
using Result = ffi::Result<ffi::AnyBuffer>;
using Span = ffi::Span<const int64_t>;
using Dims = std::vector<int64_t>;

inline Dims dims_of(const Buffer& buffer) { return Dims(buffer.dimensions().begin(), buffer.dimensions().end()); }

inline int64_t product(const Dims& dims, size_t first = 0) {
  return std::accumulate(dims.begin() + first, dims.end(), int64_t{1}, std::multiplies<>());
}

inline std::string text(const Dims& dims) {
  std::ostringstream out;
  for (size_t i = 0; i < dims.size(); ++i) out << (i ? ", " : "(") << dims[i];
  out << (dims.empty() ? "()" : ")");
  return out.str();
}

// ---- refusals: thrown inside a kernel, an error of XLA outside

template <class... Parts>
void require(bool holds, const Parts&... parts) {
  if (holds) return;
  std::ostringstream out;
  (out << ... << parts);
  throw std::invalid_argument(out.str());
}

inline void require_shape(const Buffer& buffer, const Dims& expected, const char* name) {
  const Dims found = dims_of(buffer);
  require(found == expected, name, " has the shape ", text(found), " but ", text(expected), " is needed");
}

inline void require_type(const Buffer& buffer, ffi::DataType expected, const char* name) {
  require(buffer.element_type() == expected, name, " has an element type that does not fit the other operands");
}

// No exception leaves a handler: XLA is not built to unwind.
template <class Body>
ffi::Error guarded(const Body& body) noexcept {
  try {
    body();
    return ffi::Error::Success();
  } catch (const std::invalid_argument& refusal) {
    return ffi::Error::InvalidArgument(refusal.what());
  } catch (const std::bad_alloc&) {
    return ffi::Error(ffi::ErrorCode::kResourceExhausted, "no memory left for a kernel's buffers");
  } catch (const std::exception& failure) {
    return ffi::Error::Internal(failure.what());
  } catch (...) {
    return ffi::Error::Internal("a kernel failed for an unknown reason");
  }
}

// ---- numbers: float32, and bfloat16 that is widened to compute and rounded to the nearest even when stored

// A scalar, not a struct: loops over structs do not become vectors.
enum class bfloat16 : uint16_t {};

CHAINRULE_INLINE inline float widen(float value) { return value; }
CHAINRULE_INLINE inline float widen(bfloat16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value) << 16); }

template <class T>
CHAINRULE_INLINE inline T narrow(float value);

template <>
CHAINRULE_INLINE inline float narrow<float>(float value) {
  return value;
}

template <>
CHAINRULE_INLINE inline bfloat16 narrow<bfloat16>(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return static_cast<bfloat16>(value != value ? 0x7fc0 : rounded);
}

template <class T>
T* data(const Buffer& buffer) {
  return static_cast<T*>(buffer.untyped_data());
}

// body(T{}) for the element type T of the buffer.
template <class Body>
void by_type(const Buffer& buffer, const Body& body) {
  switch (buffer.element_type()) {
    case ffi::DataType::F32:
      return body(float{});
    case ffi::DataType::BF16:
      return body(bfloat16{});
    default:
      throw std::invalid_argument("kernels compute in float32 and bfloat16 only: cast the operands");
  }
}

// ---- vectors: one body of loops, compiled for each instruction set; the best that the machine has is run

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
enum class Instructions { portable, avx2, avx512 };

// oneDNN's own setting holds here too, so that one switch shows what a lesser machine computes.
inline Instructions instructions() {
  static const Instructions best = [] {
    const char* setting = std::getenv("ONEDNN_MAX_CPU_ISA");
    const std::string most = setting ? setting : "";
    if (most == "SSE41") return Instructions::portable;
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (!avx2) return Instructions::portable;
    return avx512 && most.substr(0, 4) != "AVX2" ? Instructions::avx512 : Instructions::avx2;
  }();
  return best;
}

template <class Body>
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"), flatten)) void with_avx512(const Body& body) {
  body();
}
template <class Body>
__attribute__((target("avx2,fma"), flatten)) void with_avx2(const Body& body) {
  body();
}

// `body` is a lambda marked CHAINRULE_INLINE, and so is all that it calls: only what is inlined is compiled anew.
template <class Body>
void vectorized(const Body& body) {
  switch (instructions()) {
    case Instructions::avx512:
      return with_avx512(body);
    case Instructions::avx2:
      return with_avx2(body);
    case Instructions::portable:
      return body();
  }
}
// A function of namespaces that are named after instruction sets: the best that the machine has.
#define CHAINRULE_BEST(function, ...)                                     \
  (instructions() == Instructions::avx512 ? avx512::function(__VA_ARGS__) \
   : instructions() == Instructions::avx2 ? avx2::function(__VA_ARGS__)   \
                                          : portable::function(__VA_ARGS__))
#else
template <class Body>
void vectorized(const Body& body) {
  body();
}
#define CHAINRULE_BEST(function, ...) portable::function(__VA_ARGS__)
#endif

}  // namespace chainrule
