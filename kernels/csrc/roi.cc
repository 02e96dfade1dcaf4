// RoI align, channels last, and its gradient by the features. A bin is a weighted sum of entries; each weight is the
// product of one for each axis.
#include <cmath>
#include <cstring>

#include "pool.h"
#include "workspace.h"

namespace chainrule {
namespace {

struct Geometry {
  int64_t batch, height, width, channels, boxes, bins[2], samples[2];
  float scale;
  bool aligned, adaptive;
};

// An entry along one axis and its weight in a bin.
struct Term {
  int32_t position;
  float weight;
};

// The terms of all bins of one box along one axis.
struct AxisTerms {
  std::vector<Term> terms;
  std::vector<int32_t> ends;  // the end of each bin's terms

  int32_t first(int64_t bin) const { return bin ? ends[bin - 1] : 0; }
  int32_t last(int64_t bin) const { return ends[bin]; }

  void add(int32_t from, int32_t position, float weight) {
    for (size_t i = from; i < terms.size(); ++i)
      if (terms[i].position == position) return void(terms[i].weight += weight);
    terms.push_back({position, weight});
  }
};

// As ops.roi_align: samples up to one entry outside are on the border, those beyond are ignored.
AxisTerms axis_terms(float start, float size, int64_t limit, int64_t bins, int64_t samples, bool adaptive) {
  AxisTerms result;
  const float step = size / static_cast<float>(bins);
  const float grid = adaptive ? std::ceil(step) : static_cast<float>(samples);
  const float count = grid > 0 ? grid : 1;
  for (int64_t bin = 0; bin < bins; ++bin) {
    const int32_t from = result.terms.size();
    for (int64_t sample = 0; sample < samples && static_cast<float>(sample) < grid; ++sample) {
      const float x = start + step * (static_cast<float>(bin) + (static_cast<float>(sample) + 0.5f) / count);
      if (!(x >= -1.0f && x <= static_cast<float>(limit))) continue;
      const float inside = std::fmin(std::fmax(x, 0.0f), static_cast<float>(limit - 1));
      const int32_t low = std::min<int64_t>(static_cast<int64_t>(inside), std::max<int64_t>(limit - 2, 0));
      const float part = inside - static_cast<float>(low);
      result.add(from, low, (1 - part) / count);
      if (part > 0) result.add(from, std::min<int64_t>(low + 1, limit - 1), part / count);
    }
    result.ends.push_back(result.terms.size());
  }
  return result;
}

struct Box {
  int64_t image;
  AxisTerms down, across;
};

Box measure(const Geometry& g, const float* corners, int32_t image) {
  const float offset = g.aligned ? 0.5f : 0.0f;
  const float left = corners[0] * g.scale - offset, top = corners[1] * g.scale - offset;
  float width = corners[2] * g.scale - offset - left, height = corners[3] * g.scale - offset - top;
  if (!g.aligned) width = width < 1 ? 1 : width, height = height < 1 ? 1 : height;
  // XLA's rule for an index out of range: from the end if negative, then clamped.
  const int64_t index = image < 0 ? image + g.batch : image;
  return {std::clamp<int64_t>(index, 0, g.batch - 1),
          axis_terms(top, height, g.height, g.bins[0], g.samples[0], g.adaptive),
          axis_terms(left, width, g.width, g.bins[1], g.samples[1], g.adaptive)};
}

Geometry geometry(const Buffer& features, const Buffer& boxes, const Buffer& images, const Buffer& bins, Span samples,
                  int64_t adaptive, int64_t aligned, float scale) {
  const Dims fs = dims_of(features), ps = dims_of(bins);
  require(fs.size() == 4 && fs[1] > 0 && fs[2] > 0, "features need the shape (batch, height, width, channels), not empty, "
          "but have ", text(fs));
  require(ps.size() == 4 && ps[3] == fs[3], "the bins need the shape (boxes, down, across, channels), but have ", text(ps));
  require(samples.size() == 2 && samples[0] >= 1 && samples[1] >= 1, "samples are two numbers of at least 1");
  require_shape(boxes, {ps[0], 4}, "the boxes");
  require_shape(images, {ps[0]}, "the boxes' images");
  require_type(boxes, ffi::DataType::F32, "the boxes (float32)");
  require_type(images, ffi::DataType::S32, "the boxes' images (int32)");
  require_type(bins, features.element_type(), "the bins");
  require(ps[0] == 0 || fs[0] > 0, "there are boxes but no images");
  return {fs[0], fs[1], fs[2], fs[3], ps[0], {ps[1], ps[2]}, {samples[0], samples[1]}, scale, aligned != 0, adaptive != 0};
}

double operations(const Geometry& g) {
  return 16.0 * g.boxes * g.bins[0] * g.bins[1] * g.channels;
}

constexpr int64_t lanes = 64;

ffi::Error roi_align(ffi::ThreadPool pool, Buffer features, Buffer boxes, Buffer images, Result bins, Span samples,
                     int64_t adaptive, int64_t aligned, float scale) {
  return guarded([&] {
    const Geometry g = geometry(features, boxes, images, *bins, samples, adaptive, aligned, scale);
    if (bins->element_count() == 0) return;
    const int64_t chunks = std::min(chunks_for(operations(g), 16), g.boxes);
    by_type(features, [&](auto number) {
      using T = decltype(number);
      parallel(pool, chunks, [&](int64_t chunk) {
        const Part own = part_of(g.boxes, chunks, chunk);
        for (int64_t n = own.first; n < own.last; ++n) {
          const Box box = measure(g, data<float>(boxes) + 4 * n, data<int32_t>(images)[n]);
          const T* from = data<T>(features) + box.image * g.height * g.width * g.channels;
          T* to = data<T>(*bins) + n * g.bins[0] * g.bins[1] * g.channels;
          vectorized([&]() CHAINRULE_INLINE {
            for (int64_t p = 0; p < g.bins[0]; ++p)
              for (int64_t q = 0; q < g.bins[1]; ++q, to += g.channels)
                for (int64_t first = 0; first < g.channels; first += lanes) {
                  const int64_t count = std::min(lanes, g.channels - first);
                  float sums[lanes];
                  for (int64_t c = 0; c < count; ++c) sums[c] = 0;
                  for (int32_t i = box.down.first(p); i < box.down.last(p); ++i)
                    for (int32_t j = box.across.first(q); j < box.across.last(q); ++j) {
                      const Term down = box.down.terms[i], across = box.across.terms[j];
                      const float weight = down.weight * across.weight;
                      const T* entry = from + (down.position * g.width + across.position) * g.channels + first;
#pragma omp simd
                      for (int64_t c = 0; c < count; ++c) sums[c] += weight * widen(entry[c]);
                    }
                  for (int64_t c = 0; c < count; ++c) to[first + c] = narrow<T>(sums[c]);
                }
          });
        }
      });
    });
  });
}

// Adds the contribution of one box to the sums (height, width, step) of one image, for `count` channels.
template <class T>
CHAINRULE_INLINE inline void add_box(const Geometry& g, const Box& box, const T* u, int64_t count, float* sums,
                                    int64_t step) {
  for (int64_t p = 0; p < g.bins[0]; ++p)
    for (int64_t q = 0; q < g.bins[1]; ++q, u += g.channels)
      for (int32_t i = box.down.first(p); i < box.down.last(p); ++i)
        for (int32_t j = box.across.first(q); j < box.across.last(q); ++j) {
          const Term down = box.down.terms[i], across = box.across.terms[j];
          const float weight = down.weight * across.weight;
          float* entry = sums + (down.position * g.width + across.position) * step;
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) entry[c] += weight * widen(u[c]);
        }
}

// A chunk is some channels of one image, with all its boxes in order: no two chunks write to the same entry.
ffi::Error roi_align_gradient(ffi::ThreadPool pool, Buffer u, Buffer boxes, Buffer images, Result features, Span samples,
                              int64_t adaptive, int64_t aligned, float scale) {
  return guarded([&] {
    const Geometry g = geometry(*features, boxes, images, u, samples, adaptive, aligned, scale);
    if (features->element_count() == 0) return;
    std::vector<std::vector<int64_t>> boxes_of_image(g.batch);
    std::vector<Box> measured;
    for (int64_t n = 0; n < g.boxes; ++n) {
      measured.push_back(measure(g, data<float>(boxes) + 4 * n, data<int32_t>(images)[n]));
      boxes_of_image[measured.back().image].push_back(n);
    }
    const int64_t blocks = (g.channels + lanes - 1) / lanes, positions = g.height * g.width;
    by_type(u, [&](auto number) {
      using T = decltype(number);
      parallel(pool, g.batch * blocks, [&](int64_t chunk) {
        const int64_t image = chunk / blocks, first = chunk % blocks * lanes;
        const int64_t count = std::min(lanes, g.channels - first);
        float* sums = static_cast<float*>(workspace(Use::image, positions * count * sizeof(float)));
        T* to = data<T>(*features) + image * positions * g.channels + first;
        vectorized([&]() CHAINRULE_INLINE {
          for (int64_t i = 0; i < positions * count; ++i) sums[i] = 0;
          for (int64_t n : boxes_of_image[image])
            add_box(g, measured[n], data<T>(u) + n * g.bins[0] * g.bins[1] * g.channels + first, count, sums, count);
          for (int64_t i = 0; i < positions; ++i)
            for (int64_t c = 0; c < count; ++c) to[i * g.channels + c] = narrow<T>(sums[i * count + c]);
        });
      });
    });
  });
}

}  // namespace

#define BIND_ROI                          \
  ffi::Ffi::Bind()                        \
      .Ctx<ffi::ThreadPool>()             \
      .Arg<Buffer>()                      \
      .Arg<Buffer>()                      \
      .Arg<Buffer>()                      \
      .Ret<Buffer>()                      \
      .Attr<Span>("samples")              \
      .Attr<int64_t>("adaptive")          \
      .Attr<int64_t>("aligned")           \
      .Attr<float>("spatial_scale")

XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_roi_align, roi_align, BIND_ROI);
XLA_FFI_DEFINE_HANDLER_SYMBOL(chainrule_roi_align_gradient, roi_align_gradient, BIND_ROI);

}  // namespace chainrule
