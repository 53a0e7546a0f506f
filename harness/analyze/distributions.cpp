#include "harness/analyze/distributions.h"

#include <boost/math/distributions/students_t.hpp>

namespace seqbench::analyze {

double student_quantile(double p, double degrees) {
  return boost::math::quantile(boost::math::students_t_distribution<double>(degrees), p);
}

}  // namespace seqbench::analyze
