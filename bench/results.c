/* results.c - the table that people read, and the file that programs read. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#define RESULTS_LIMIT 160

static struct result results[RESULTS_LIMIT];
static size_t result_count;

static double ratio_of(const struct result *result)
{
    return result->theirs > 0 ? result->ours / result->theirs : 0;
}

/* "met" or "missed", "" without a target. */
static const char *judge(const struct result *result)
{
    double value = result->is_absolute ? result->ours : ratio_of(result);
    if (result->target <= 0)
        return "";
    bool is_met = result->is_higher_better ? value >= result->target : value <= result->target;
    return is_met ? "met" : "missed";
}

void results_add(const struct result *result)
{
    if (result_count == 0)
        printf("%-32s %14s %14s %8s %8s\n", "medians, turn by turn", "odbcssl", "theirs", "ratio",
               "target");
    if (result_count < RESULTS_LIMIT)
        results[result_count++] = *result;
    printf("%-32s %10.3f %-3s %10.3f %-3s %8.3f", result->name, result->ours, result->unit,
           result->theirs, result->unit, ratio_of(result));
    if (result->target > 0)
        printf(" %8.2f %s", result->target, judge(result));
    printf("\n");
    fflush(stdout);
}

bool results_write(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        return false;
    }
    fprintf(file, "[\n");
    for (size_t i = 0; i < result_count; i++) {
        const struct result *result = &results[i];
        fprintf(file,
                "  {\"name\": \"%s\", \"ours\": %.6g, \"theirs\": %.6g, \"unit\": \"%s\", "
                "\"ratio\": %.4g, \"target\": ",
                result->name, result->ours, result->theirs, result->unit, ratio_of(result));
        if (result->target > 0)
            fprintf(file, "%g}", result->target);
        else
            fprintf(file, "null}");
        fprintf(file, "%s\n", i + 1 < result_count ? "," : "");
    }
    fprintf(file, "]\n");
    return fclose(file) == 0;
}
