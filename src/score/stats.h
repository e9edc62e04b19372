/* Small statistics: what the scoring function needs and nothing more. */
#ifndef AVO_SCORE_STATS_H
#define AVO_SCORE_STATS_H

double stats_mean(const double *v, int n);		/* NAN when n is 0 */
double stats_std(const double *v, int n);		/* sample standard deviation; 0 when n is below 2 */
/* Half the width of the mean's Student's t interval that errs with probability alpha on each side; INFINITY when n is below 2. */
double stats_half_width(const double *v, int n, double alpha);
double stats_median(const double *v, int n);		/* NAN when n is 0; v is left as it is */

/* Student's t: P(T <= t) with df degrees of freedom, and its inverse for 0 < p < 1. */
double stats_t_cdf(double t, double df);
double stats_t_quantile(double p, double df);

#endif
