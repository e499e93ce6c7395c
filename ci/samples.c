// Medians, spreads and chances.
#include "samples.h"
#include <math.h>

static int by_value(gconstpointer a, gconstpointer b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

double samples_median(GArray *values)
{
    unsigned count = values->len;
    if (count == 0)
        return 0;
    g_array_sort(values, by_value);
    double upper = g_array_index(values, double, count / 2);
    return count % 2 ? upper : upper / 2 + g_array_index(values, double, count / 2 - 1) / 2;
}

double samples_spread(GArray *values)
{
    double median = samples_median(values);
    g_autoptr(GArray) distances = g_array_new(FALSE, FALSE, sizeof(double));
    for (unsigned i = 0; i < values->len; i++) {
        double distance = fabs(g_array_index(values, double, i) - median);
        g_array_append_val(distances, distance);
    }
    return samples_median(distances);
}

// The logarithm of the number of ways to take `taken` out of `all`.
static double log_choices(unsigned all, unsigned taken)
{
    return lgamma(all + 1.0) - lgamma(taken + 1.0) - lgamma(all - taken + 1.0);
}

// All runs are one heap, of which now_runs are drawn: how likely are so few passes among them?
double samples_chance(unsigned passed, unsigned runs, unsigned now_passed, unsigned now_runs)
{
    unsigned passes = passed + now_passed, fails = runs + now_runs - passes;
    double chance = 0;
    for (unsigned drawn = now_runs > fails ? now_runs - fails : 0; drawn <= now_passed; drawn++)
        chance += exp(log_choices(passes, drawn) + log_choices(fails, now_runs - drawn) -
                      log_choices(runs + now_runs, now_runs));
    return MIN(chance, 1);
}
