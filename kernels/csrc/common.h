// Shared by all kernels: operands, errors, element types, vectorized loops.
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

// ---- errors: thrown inside a kernel, returned to XLA as ffi::Error

template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (condition) return;
  std::ostringstream out;
  (out << ... << parts);
  throw std::invalid_argument(out.str());
}

inline void require_shape(const Buffer& buffer, const Dims& expected, const char* name) {
  const Dims shape = dims_of(buffer);
  require(shape == expected, name, " has the shape ", text(shape), " but ", text(expected), " is needed");
}

inline void require_type(const Buffer& buffer, ffi::DataType expected, const char* name) {
  require(buffer.element_type() == expected, name, " has an element type that does not fit the other operands");
}

// Catches all exceptions, as XLA is built without them.
template <class Body>
ffi::Error guarded(const Body& body) noexcept {
  try {
    body();
    return ffi::Error::Success();
  } catch (const std::invalid_argument& error) {
    return ffi::Error::InvalidArgument(error.what());
  } catch (const std::bad_alloc&) {
    return ffi::Error(ffi::ErrorCode::kResourceExhausted, "no memory left for a kernel's buffers");
  } catch (const std::exception& failure) {
    return ffi::Error::Internal(failure.what());
  } catch (...) {
    return ffi::Error::Internal("a kernel failed for an unknown reason");
  }
}

// ---- element types: float32, and bfloat16, which is converted to float32 to compute and rounded to nearest even

// A scalar, as loops over structs are not vectorized.
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

// Calls body(T{}) for the element type T of the buffer.
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

// ---- vectorized loops: compiled for each instruction set; the best one that the machine has is run

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
enum class Instructions { portable, avx2, avx512 };

// oneDNN's environment variable is used here too, so that one setting simulates an older machine.
inline Instructions instructions() {
  static const Instructions best = [] {
    const char* setting = std::getenv("ONEDNN_MAX_CPU_ISA");
    const std::string limit = setting ? setting : "";
    if (limit == "SSE41") return Instructions::portable;
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (!avx2) return Instructions::portable;
    return avx512 && limit.substr(0, 4) != "AVX2" ? Instructions::avx512 : Instructions::avx2;
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

// `body` is a lambda marked CHAINRULE_INLINE, as are all functions that it calls: only inlined code is compiled for the
// instruction set.
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
// Calls a function of the namespace that is named after the best instruction set of the machine.
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
