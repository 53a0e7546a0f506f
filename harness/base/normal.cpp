#include "harness/base/streams.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>

#include "harness/base/error.h"

namespace seqbench {
namespace {

template <std::size_t kCount>
double polynomial(const double (&ascending)[kCount], double x) {
  double value = ascending[kCount - 1];
  for (std::size_t i = kCount - 1; i > 0; --i) value = value * x + ascending[i - 1];
  return value;
}

// PPND16 of M. J. Wichura, "Algorithm AS 241", Applied Statistics 37 (1988): numerator and denominator of the
// centre, |p - 1/2| <= 0.425, and of the two tails, split at r = 5.
constexpr double kCentre[] = {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
                              1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                              3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr double kCentreBelow[] = {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2,
                                   5.3941960214247511077e+3, 2.1213794301586595867e+4, 3.9307895800092710610e+4,
                                   2.8729085735721942674e+4, 5.2264952788528545610e+3};
constexpr double kTail[] = {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                            3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                            2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double kTailBelow[] = {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
constexpr double kFarTail[] = {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                               2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double kFarTailBelow[] = {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
                                    1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
                                    1.42151175831644588870e-7, 2.04426310338993978564e-15};

}  // namespace

double natural_log(double x) {
  SEQBENCH_ASSERT(x > 0 && x <= std::numeric_limits<double>::max(), "the logarithm is taken of a positive number");
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    exponent = -54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
  if (mantissa > std::numbers::sqrt2) {
    mantissa /= 2;
    ++exponent;
  }
  // log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172: twelve terms reach 2^-60.
  const double s = (mantissa - 1) / (mantissa + 1);
  const double square = s * s;
  double series = 0;
  for (int k = 12; k >= 1; --k) series = (series + 1.0 / (2 * k + 1)) * square;
  constexpr double kLn2High = 6.93147180369123816490e-01;  // its last 21 bits are 0: exact times any exponent
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  return exponent * kLn2High + (2 * s + (2 * s * series + exponent * kLn2Low));
}

double inverse_normal(double p) {
  SEQBENCH_ASSERT(p > 0 && p < 1, "a probability lies between 0 and 1");
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kCentre, r) / polynomial(kCentreBelow, r);
  }
  const double r = std::sqrt(-natural_log(q < 0 ? p : 1 - p));
  const double value = r <= 5 ? polynomial(kTail, r - 1.6) / polynomial(kTailBelow, r - 1.6)
                              : polynomial(kFarTail, r - 5) / polynomial(kFarTailBelow, r - 5);
  return q < 0 ? -value : value;
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

}  // namespace seqbench
