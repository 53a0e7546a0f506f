#include "harness/analyze/distributions.h"

#include <boost/math/distributions/students_t.hpp>

namespace seqbench::analyze {

double student_quantile(double p, double degrees) {
  return boost::math::quantile(boost::math::students_t_distribution<double>(degrees), p);
}

double student_tail(double t, double degrees) {
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  return boost::math::cdf(boost::math::complement(boost::math::students_t_distribution<double>(degrees), t));
}

}  // namespace seqbench::analyze
