// Products of a matrix with a panel of columns that lies in the nearest caches.
#pragma once

#include "pool.h"

namespace chainrule {

// y = activation(a b + bias) of float32 matrices, row by row: a (rows, inner), b (inner, columns).
void product_by_panels(ffi::ThreadPool& pool, int64_t rows, int64_t inner, int64_t columns, const float* a,
                       const float* b, const float* bias, bool relu, float* y);

}  // namespace chainrule
