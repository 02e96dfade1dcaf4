// Adam's update, of any gradient.
#pragma once

#include "common.h"

namespace chainrule {

struct Adam {
  float rate, take_1, take_2, epsilon;
};

void update(const Adam& adam, const float* gradient, float* weight, float* mean, float* square, int64_t count);

// For updates: checks float32 operands of one shape, reads a rate of one number, and returns the results' memory.
void require_weights(const std::vector<Buffer>& buffers);
float scalar(const Buffer& buffer, const char* name);
float* in_place(const Buffer& operand, const Buffer& result);

}  // namespace chainrule
